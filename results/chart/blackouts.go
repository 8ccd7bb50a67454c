package chart

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// blackouts is a strip of time for each variant: which requests succeeded, and by what the
// others failed. It shows what a proxy does after the first connect() that found no port.
// There is a figure where that differs: of several kinds of proxy, or of one that fails
// requests without a try.
func blackouts(vs []variant) *Figure {
	several := slices.ContainsFunc(vs, func(v variant) bool { return v.ProxyName() != vs[0].ProxyName() })
	if !several && !slices.ContainsFunc(vs, variant.goesDark) {
		return nil
	}
	words := loadsOf(vs)
	f := &Figure{ID: "blackouts", Title: blackoutsTitle(vs),
		Table: Table{Header: []string{
			"variant", "proxy", "first error 99", "predicted", "dark for", "predicted", "ok", "failed by error 99",
			"failed without a try", "other errors"}}}
	end, slowest := 1.0, 0.0
	for i := range vs {
		end = max(end, vs[i].span())
		if r := vs[i].Plan.RatePerS; r > 0 && (slowest == 0 || r < slowest) {
			slowest = r
		}
	}
	width := binWidth(end)
	if slowest > 0 {
		width = max(width, 3/slowest) // less holds no request at times
	}
	var told []string
	for i := range vs {
		v := &vs[i]
		p := Panel{Variant: v.Name, Head: v.Name, SubHead: v.ProxyName() + ", " + v.darkness(),
			X: Axis{Clock: true, Max: end}, Series: v.parts(width), Marks: v.darkMarks(end)}
		if !slices.ContainsFunc(p.Series, func(s Series) bool { return len(s.Points) > 0 }) {
			p.Empty = "nothing measured"
		}
		r := Row{Height: 18, Y: Axis{Max: 100, Bare: true}, Panels: []Panel{p}, Heads: true, Close: true}
		if i == len(vs)-1 {
			r.Panels[0].X.Label = seconds
		}
		f.Rows = append(f.Rows, r)
		f.Table.Rows = append(f.Table.Rows, v.darkRow())
		told = append(told, fmt.Sprintf("%s, %s: %s", v.Name, v.ProxyName(), v.darkness()))
	}
	f.Rows[0].Title, f.Rows[0].key = "Percent of the "+words, everyPart(f.Rows)
	f.Subtitle = blackoutsSubtitle(f.Rows, words, width)
	f.AriaText = fmt.Sprintf("A strip per variant over %s seconds: %s that succeeded and that failed, by cause. %s.",
		si(end), words, strings.Join(told, ". "))
	return f
}

// blackoutsSubtitle explains the colours and the marks that are there.
func blackoutsSubtitle(rows []Row, words string, width float64) string {
	s := fmt.Sprintf("Colour: what became of the %s, in percent of every %s s. White: none ended.", words, si(width))
	marks := 0
	for _, r := range rows {
		marks = max(marks, len(r.Panels[0].Marks))
	}
	switch marks {
	case 1:
		s += " Dashed: the predicted first error 99."
	case 2:
		s += " Dashed: the predicted first error 99, and where there are two the predicted end of the blackout."
	}
	return s
}

// goesDark says whether a variant fails requests without a try, or is of a proxy that does.
func (v variant) goesDark() bool {
	return v.blackout() > 0 || v.Errors != nil && v.Errors.NoLiveUpstreams > 0
}

// parts are the shares of what was decided in a bin, in percent; a bin in which nothing
// was is left out.
func (v *variant) parts(width float64) []Series {
	all := []Series{
		{Name: "ok", Meaning: ok}, {Name: "error 99", Meaning: error99},
		{Name: "failed without a try", Meaning: noLive},
		{Name: "other errors", Meaning: otherError}, {Name: "never sent", Meaning: neverSent}}
	counts := make([]bins, len(all))
	for i := range counts {
		counts[i] = bins{width: width, one: 1}
	}
	v.each(func(from, to float64, l *results.Load) {
		counts[0].add(from, to, float64(l.OK))
		counts[4].add(from, to, float64(l.Dropped))
	})
	v.failures(func(from, to float64, c causes) {
		counts[1].add(from, to, c.error99)
		counts[2].add(from, to, c.untried)
		counts[3].add(from, to, c.other)
	})
	for bin := range counts[0].sum {
		whole := 0.0
		for _, c := range counts {
			whole += c.at(bin)
		}
		if whole < 0.5 {
			continue
		}
		for i, c := range counts {
			all[i].Points = append(all[i].Points, Point{round(float64(bin) * width), round(100 * c.at(bin) / whole)})
		}
	}
	for i := range all {
		all[i].Kind, all[i].Hold = Share, width
	}
	return visible(all)
}

// everyPart is a key of all that occurs in any strip.
func everyPart(rows []Row) []Series {
	var all []Series
	for _, r := range rows {
		for _, s := range r.Panels[0].Series {
			if !slices.ContainsFunc(all, func(a Series) bool { return a.Name == s.Name }) {
				all = append(all, s)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Series) int { return rank(a.Meaning) - rank(b.Meaning) })
	return all
}

func rank(m Meaning) int {
	return slices.Index([]Meaning{ok, error99, noLive, otherError, neverSent}, m)
}

// ended is the law of the blackout beside the measurement, where the judge held the run to it.
func (v *variant) ended() *results.Comparison {
	i := slices.IndexFunc(v.Comparisons, func(c results.Comparison) bool { return c.ID == law.Blackout.ID })
	if i < 0 {
		return nil
	}
	return &v.Comparisons[i]
}

// darkMarks are the predicted first error 99 and the predicted end of the blackout.
func (v *variant) darkMarks(end float64) []Mark {
	due := v.Predicted.FirstError99S
	if due == nil || *due > end || v.Plan.Random {
		return nil
	}
	marks := []Mark{{X: *due}}
	if c := v.ended(); c != nil && c.Predicted != nil && *due+*c.Predicted <= end {
		marks = append(marks, Mark{X: *due + *c.Predicted})
	}
	return marks
}

// darkness is when a variant first failed, and for how long nothing succeeded then.
func (v *variant) darkness() string {
	if v.NotRun || v.FirstError == nil {
		return v.glance()
	}
	words := "error 99 from " + format.Seconds(*v.FirstError)
	dark := v.dark()
	if dark == nil {
		return words + ", dark to the end"
	}
	words += ", dark for " + format.Seconds(*dark)
	if c := v.ended(); c != nil && c.Predicted != nil {
		words += " (law: " + format.Seconds(*c.Predicted) + ")"
	}
	return words
}

// dark is how long no request succeeded after the first error 99; nil: to the end, or none
// came. The judge has it where a law is about it.
func (v *variant) dark() *float64 {
	if v.FirstError == nil || v.BlackoutS != nil {
		return v.BlackoutS
	}
	var until *float64
	v.each(func(from, _ float64, l *results.Load) {
		if until == nil && from >= *v.FirstError && l.OK > 0 {
			until = new(from - *v.FirstError)
		}
	})
	return until
}

func (v *variant) darkRow() []string {
	predicted, dark, law := "none", "–", "–"
	if due := v.Predicted.FirstError99S; due != nil {
		predicted = format.Seconds(*due)
	}
	if d := v.dark(); d != nil {
		dark = format.Seconds(*d)
	} else if v.FirstError != nil {
		dark = "to the end"
	}
	if c := v.ended(); c != nil && c.Predicted != nil {
		law = format.Seconds(*c.Predicted)
	}
	row := []string{v.Name, v.ProxyName(), v.FirstError99(), predicted, dark, law, format.Count(v.OK)}
	if e := v.Errors; e != nil {
		return append(row, format.Count(&e.Error99), format.Count(&e.NoLiveUpstreams), format.Count(&e.Other))
	}
	return append(row, format.NotMeasured, format.NotMeasured, format.NotMeasured)
}

// blackoutsTitle names the variants that are dark for longest, and those that stay so.
func blackoutsTitle(vs []variant) string {
	longest := 0.0
	for i := range vs {
		if d := vs[i].dark(); d != nil {
			longest = max(longest, *d)
		}
	}
	var ended, never []string
	for i := range vs {
		v := &vs[i]
		switch d := v.dark(); {
		case v.FirstError == nil:
		case d == nil:
			never = append(never, v.Name)
		case *d >= 0.9*longest:
			ended = append(ended, v.Name)
		}
	}
	var parts []string
	if len(ended) > 0 {
		parts = append(parts, fmt.Sprintf("with %s everything fails for %s",
			format.List(ended), format.Seconds(longest)))
	}
	if len(never) > 0 {
		parts = append(parts, fmt.Sprintf("with %s to the end of the load", format.List(never)))
	}
	switch {
	case len(parts) == 0:
		return "Error 99 came with none"
	case len(ended) == 0:
		return "After the first error 99 everything fails to the end of the load with " + format.List(never)
	}
	return "After the first error 99 " + strings.Join(parts, ", and ")
}
