package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// A variant whose row says one of these was not measured.
var unmeasured = []string{law.Invalid, law.Error, results.NotRun, results.NotJudged, results.Skipped}

// variant compares one, by the rows that count.
func (r *Result) variant(name string, sides []Side) Variant {
	v := Variant{Name: name, LeftOut: []string{}, Metrics: []Metric{}}
	rows := make([][]results.Variant, len(sides))
	var why []string
	var first *results.Run // that was to measure it
	for i, s := range sides {
		told := false
		verdicts, counted := map[string]int{}, map[string]int{}
		for _, run := range s.Runs {
			row, planned := rowOf(run, name)
			if !planned {
				continue
			}
			if first == nil {
				first = run
			}
			if differ := unlikeVariant(first, run, name); differ != "" && !told {
				told = true
				why = append(why, fmt.Sprintf("%s asked for something else than %s: %s", run.ID(), first.ID(), differ))
			}
			verdicts[row.Verdict]++
			if slices.Contains(unmeasured, row.Verdict) {
				v.LeftOut = append(v.LeftOut, fmt.Sprintf("%s is %s: %s", run.ID(), row.Verdict, firstOf(row.Why)))
				continue
			}
			if endedIn(run, name) {
				v.LeftOut = append(v.LeftOut, fmt.Sprintf("%s was ended early, "+
					"and its load in %s may have been cut short", run.ID(), name))
				continue
			}
			counted[row.Verdict]++
			rows[i] = append(rows[i], row)
		}
		v.Verdicts, v.counted = append(v.Verdicts, verdicts), append(v.counted, counted)
		if len(rows[i]) == 0 {
			why = append(why, fmt.Sprintf("no valid measurement of it on side %s", s.Label))
		}
	}
	if !r.Valid {
		why = append(why, "the sides cannot be compared")
	}
	if v.Valid = len(why) == 0; !v.Valid {
		text := strings.Join(why, "; ")
		v.Invalid = &text
	}
	for _, f := range figures {
		if m, any := f.of(rows, v.Valid); any {
			v.Metrics = append(v.Metrics, m)
		}
	}
	return v
}

func rowOf(run *results.Run, name string) (results.Variant, bool) {
	for _, p := range run.Plan.Variants {
		if p.Name == name {
			return run.Row(p), true
		}
	}
	return results.Variant{}, false
}

// endedIn says whether a partial run may have ended in the middle of a variant:
// it is the last that it has a row of.
func endedIn(run *results.Run, name string) bool {
	rows := run.Summary.Variants
	return run.Summary.Partial && len(rows) > 0 && rows[len(rows)-1].Name == name
}

// firstOf is the first reason of several.
func firstOf(why string) string {
	why, _, _ = strings.Cut(why, "\n")
	why, _, _ = strings.Cut(why, "; ")
	return strings.TrimSuffix(why, ".")
}

// caveats are what a reader of the numbers must know.
func (r *Result) caveats() []string {
	var notes []string
	tests, chance, most := 0, 0.0, 0
	for _, s := range r.Sides {
		most = max(most, len(s.Runs))
	}
	for _, v := range r.Variants {
		for _, m := range v.Metrics {
			for _, s := range m.Sides {
				if s.P != nil {
					tests++
					chance += s.level
				}
			}
		}
	}
	for _, dir := range r.unknown {
		notes = append(notes, fmt.Sprintf("The environment of %s is not known: %s is missing.", dir, results.EnvFile))
	}
	if most < runsForInterval {
		notes = append(notes, fmt.Sprintf("A confidence interval of %.0f %% takes %d runs; "+
			"with fewer the range of the values stands in brackets instead.", 100*r.Confidence, runsForInterval))
	}
	if few := r.tooFew(); len(few) > 0 {
		notes = append(notes, fmt.Sprintf("So few runs can show no difference between the figures of %s "+
			"and of %s: that takes %d on each side. ~ means that none is shown, not that there is none.",
			strings.Join(few, ", "), r.Sides[0].Label, runsForDifference))
	}
	if chance > 0 {
		notes = append(notes, fmt.Sprintf("~ means that no difference is shown (p > %.2g). "+
			"Of %d tests of figures about %.2g show one by chance where there is none.", r.Alpha, tests, chance))
	}
	return notes
}

// tooFew are the sides that cannot be shown to differ from the base.
func (r *Result) tooFew() []string {
	var labels []string
	for _, s := range r.Sides[1:] {
		if !canDiffer(len(r.Sides[0].Runs), len(s.Runs)) {
			labels = append(labels, s.Label)
		}
	}
	return labels
}
