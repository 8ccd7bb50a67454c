package chart

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/lab99/lab99/results"
)

// quantity is something the laws foretell and the run measures, to be drawn in
// its own unit.
type quantity struct {
	name      string
	unit      string
	predicted func(*variant) *float64
	measured  func(*variant) *float64
	absent    func(*variant) bool // it was watched for and did not come
	show      func(float64) string
	even      bool // the law holds at a constant rate of even arrivals; after a collapse it only estimates
}

func quantities() []quantity {
	return []quantity{
		{"first error 99", "seconds", func(v *variant) *float64 { return v.Predicted.FirstError99S }, func(v *variant) *float64 { return v.FirstError }, none99, Seconds, true},
		{"ok before it", "requests", func(v *variant) *float64 { return float(v.Predicted.OKBeforeError99) }, okBefore, none99, Grouped, true},
		{"collapse at half the range", "seconds", func(v *variant) *float64 { return v.Predicted.CollapseS }, func(v *variant) *float64 { return v.CollapseS }, func(v *variant) bool { return !v.Collapsed && len(v.samples) > 0 }, Seconds, false},
	}
}

// none99 says that error 99 did not come.
func none99(v *variant) bool { return v.Errors != nil && v.Errors.Error99 == 0 }

// okBefore is the figure the judge compared, where it did: in a short run all
// successes, free of the race between the first error and the last replies.
func okBefore(v *variant) *float64 {
	for _, c := range v.Checks {
		if c.Name == "ok before it" && c.Measured != nil {
			return c.Measured
		}
	}
	return float(v.OKBefore)
}

func float[T int | int64](n *T) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}

// given says that the law of a variant was told, after the run, the f that a
// race came to: what it then says is no forecast. Runs of before that was noted
// show it by a law that is no longer the plan's.
func (v *variant) given() bool {
	return v.Predicted.GivenShare != nil || v.plan.Race && !reflect.DeepEqual(v.Predicted, v.plan.Predicted)
}

// law is what the law says of a quantity. Of random arrivals that of an even
// stream says nothing.
func (q quantity) law(v *variant) *float64 {
	if q.even && v.plan.Random {
		return nil
	}
	return q.predicted(v)
}

// predicted sets what was calculated beside what was measured: above in the
// units of both, below the deviations of all that the judge compared. Where the
// laws foretold nothing and nothing came, there is no figure.
func predicted(vs []variant) *Figure {
	f := &Figure{ID: "predicted-measured", Title: predictedTitle(vs),
		Table: Table{Header: []string{"variant", "quantity", "predicted", "measured", "difference", "deviation in tolerances", "within it", "the law is"}}}
	y := Axis{Min: -float64(len(vs)) + 0.5, Max: 0.5}
	for i := range vs {
		y.Names = append(y.Names, vs[i].Name)
	}
	var above []Panel
	var words []string
	for _, q := range quantities() {
		p, lines := q.panel(vs)
		if len(lines) == 0 {
			continue // a question that does not arise
		}
		above, f.Table.Rows = append(above, p), append(f.Table.Rows, lines...)
	}
	below, lines := deviations(vs, above)
	f.Table.Rows = append(f.Table.Rows, lines...)
	if len(above)+len(below) == 0 {
		return nil
	}
	for _, r := range f.Table.Rows {
		words = append(words, fmt.Sprintf("%s, %s: predicted %s, measured %s", r[0], r[1], r[2], r[3]))
	}
	if len(above) > 0 {
		f.Rows = rows(above, Row{Title: "What was calculated and what was measured", Heads: true, Height: 32 * float64(len(vs)), Y: y})
	}
	if len(below) > 0 {
		f.Rows = append(f.Rows, abreast(5, below, Row{Title: "How far the measurement lies from the law", Heads: true, Height: 20 * float64(len(vs)), Y: y})...)
	}
	f.Subtitle = predictedSubtitle(f)
	f.AriaText = "Predicted against measured. " + strings.Join(words, "; ") + "."
	return f
}

// predictedSubtitle explains the signs that are there.
func predictedSubtitle(f *Figure) string {
	drawn, tolerances := map[Meaning]bool{}, false
	for _, r := range f.Rows {
		for _, p := range r.Panels {
			tolerances = tolerances || p.Strips != nil
			for _, s := range p.Series {
				drawn[s.Meaning] = drawn[s.Meaning] || len(s.Points) > 0
			}
		}
	}
	var s []string
	if drawn[lawSays] {
		s = append(s, "Open diamond: the law, written down before the run.")
	}
	if drawn[lawTold] {
		s = append(s, "Grey square: the law with the f that was measured, since a race settles it; no forecast.")
	}
	s = append(s, "Dot: measured.")
	if tolerances {
		s = append(s, "Shaded: the tolerance of each quantity, around what the law says.")
	}
	return strings.Join(s, " ")
}

// predictedTitle is about everything that was forecast and compared; what broke
// is named.
func predictedTitle(vs []variant) string {
	var broken []string
	n, worst, given := 0, 0.0, 0
	for i := range vs {
		v := &vs[i]
		for _, c := range v.Comparisons {
			if v.given() {
				given++
				continue
			}
			n++
			if !c.OK {
				broken = append(broken, fmt.Sprintf("%s of %s (%s)", c.Quantity, v.Name, brokenBy(c)))
			} else if c.RelativeError != nil {
				worst = max(worst, math.Abs(*c.RelativeError))
			}
		}
	}
	switch {
	case len(broken) > 3:
		return fmt.Sprintf("The run left the law in %d of %d forecasts, among them %s", len(broken), n, list(broken[:3]))
	case len(broken) > 0:
		return fmt.Sprintf("The run left the law in %d of %d forecasts: %s", len(broken), n, list(broken))
	case n == 1 && worst == 0:
		return "The one forecast was exact"
	case n > 0 && worst == 0:
		return fmt.Sprintf("All %d forecasts were exact", n)
	case n == 1:
		return "The one forecast met the measurement within its tolerance, off by " + upTo(worst)
	case n > 0:
		return fmt.Sprintf("All %d forecasts met the measurement within their tolerances, the furthest off by %s", n, upTo(worst))
	case given > 0:
		return "A race settles who closes first: no forecast, but what the law makes of the f that came"
	}
	return uncompared(vs)
}

// uncompared is the title of a run of before the judge kept its comparisons.
func uncompared(vs []variant) string {
	worst := -1.0
	for _, q := range quantities() {
		for i := range vs {
			if miss := q.miss(&vs[i]); miss != nil && !q.estimate(&vs[i]) && !vs[i].given() {
				worst = max(worst, math.Abs(*miss))
			}
		}
	}
	switch {
	case worst < 0:
		return "Nothing was both forecast and measured"
	case worst <= 0.05:
		return "The law met the measurement within " + upTo(worst)
	}
	return "The law missed the measurement by up to " + upTo(worst)
}

// brokenBy says how a comparison failed, and which assumption with it.
func brokenBy(c results.Comparison) string {
	how := "it came, though not foretold"
	switch {
	case c.RelativeError != nil:
		how = fmt.Sprintf("%+.1f %%", 100**c.RelativeError)
	case c.Measured == nil:
		how = "it did not come"
	}
	if c.Broken != nil {
		how += ", " + *c.Broken
	}
	return how
}

// upTo rounds a share up to tenths of a percent: nothing is closer than that.
func upTo(x float64) string { return fmt.Sprintf("%.1f %%", max(0.1, math.Ceil(x*1000)/10)) }

// panel draws one quantity in its unit; lines are those of the table, one per
// variant, none where nothing but zeros was foretold and came.
func (q quantity) panel(vs []variant) (p Panel, lines [][]string) {
	p = Panel{Head: q.name, X: Axis{Label: q.unit, Max: 1, Whole: q.unit == "requests"}}
	law := Series{Name: "forecast", Meaning: lawSays, Kind: Dots}
	told := Series{Name: "law with the f that was measured", Meaning: lawTold, Kind: Dots}
	seen := Series{Name: "measured", Meaning: error99, Kind: Dots}
	for i := range vs {
		v, at := &vs[i], Point{0, -float64(i)}
		if a := q.law(v); a != nil {
			at.X = *a
			if v.given() {
				told.Points = append(told.Points, at)
			} else {
				law.Points = append(law.Points, at)
			}
		}
		if b := q.measured(v); b != nil {
			at.X = max(at.X, *b)
			seen.Points = append(seen.Points, Point{*b, at.Y})
		}
		line, caption := q.words(v)
		p.Captions = append(p.Captions, Caption{X: at.X, Y: at.Y, Text: caption})
		p.X.Max = max(p.X.Max, 1.9*at.X) // the captions stand to the right of the dots
		lines = append(lines, line)
	}
	p.Series = []Series{law, told, seen}
	if all := slices.Concat(law.Points, told.Points, seen.Points); !slices.ContainsFunc(all, func(pt Point) bool { return pt.X != 0 }) {
		return p, nil
	}
	return p, lines
}

// miss is how far the measurement lies from the law, relative to the law.
func (q quantity) miss(v *variant) *float64 {
	a, b := q.law(v), q.measured(v)
	if a == nil || b == nil || *a == 0 {
		return nil
	}
	m := *b / *a - 1
	return &m
}

// estimate says that a collapse has taken away the law's premise.
func (q quantity) estimate(v *variant) bool { return q.even && v.Collapsed }

// words are a line of the table and what stands beside the dots. A failure
// that did not come is "none", a number nobody took is "not measured".
func (q quantity) words(v *variant) (line []string, caption string) {
	law, seen, diff := "none", NotMeasured, "–"
	if b := q.measured(v); b != nil {
		seen = q.show(*b)
	} else if q.absent(v) {
		seen = "none"
	}
	kind := v.lawKind()
	switch a := q.law(v); {
	case a != nil && q.estimate(v):
		caption, law, kind = seen+" (estimate: "+q.show(*a)+")", "≈ "+q.show(*a), "an estimate"
	case a != nil && v.given():
		law = q.show(*a)
		caption = seen + " (with that f: " + law + ")"
	case a != nil:
		law = q.show(*a)
		caption = seen + " (law: " + law + ")"
	case q.even && v.plan.Random:
		law, kind = "no law", "–"
		caption = seen + " (random: no law)"
	case seen == "none":
		caption = "none predicted, none seen"
	default:
		caption = seen + ", none predicted"
	}
	if m := q.miss(v); m != nil {
		diff = fmt.Sprintf("%+.2f %%", 100**m)
	}
	off, within := "–", "–"
	if i := slices.IndexFunc(v.Comparisons, func(c results.Comparison) bool { return c.Quantity == q.name }); i >= 0 {
		off, within = judged(v.Comparisons[i])
	}
	return []string{v.Name, q.name, law, seen, diff, off, within, kind}, caption
}

// lawKind says what a law of a variant is worth.
func (v *variant) lawKind() string {
	if v.given() {
		return "given the measured f"
	}
	return "a forecast"
}
