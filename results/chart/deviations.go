package chart

import (
	"fmt"
	"math"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// deviations draws how far each comparison of the judge lies from its law, a
// panel for each quantity. Seconds, requests and ratios share one scale, that of
// their tolerances, so that every variant of every scenario is there; the
// captions have the percents. lines are those of the table, less what is there
// already since it is drawn in its own unit as well.
func deviations(vs []variant, above []Panel) (panels []Panel, lines [][]string) {
	var names []string
	furthest := 1.0
	for i := range vs {
		for _, c := range vs[i].Comparisons {
			if !slices.Contains(names, c.Quantity) {
				names = append(names, c.Quantity)
			}
			if off := inTolerances(c); off != nil {
				furthest = max(furthest, math.Abs(*off))
			}
		}
	}
	for _, name := range names {
		// Room for the caption, on the side that looks away from the middle.
		p := Panel{Head: name, X: Axis{Label: "deviation in tolerances", Min: -2.6 * furthest, Max: 2.6 * furthest},
			Strips: []Span{{-1, 1}}}
		held := Series{Name: "within its tolerance", Meaning: within, Kind: Dots}
		told := Series{Name: "with the f that was measured", Meaning: lawTold, Kind: Dots}
		left := Series{Name: "beyond it", Meaning: error99, Kind: Dots}
		for i := range vs {
			v, y := &vs[i], -float64(i)
			at := slices.IndexFunc(v.Comparisons, func(c results.Comparison) bool { return c.Quantity == name })
			if at < 0 {
				continue
			}
			c := v.Comparisons[at]
			off := inTolerances(c)
			caption := Caption{Y: y, Text: deviation(c)}
			if off != nil {
				s := &held
				switch {
				case v.GivenF():
					s = &told
				case !c.OK:
					s = &left
				}
				s.Points = append(s.Points, Point{round(*off), y})
				caption.X, caption.Left = *off, *off < 0
			}
			p.Captions = append(p.Captions, caption)
			if !slices.ContainsFunc(above, func(p Panel) bool { return p.Head == name }) {
				far, in := judged(c)
				lines = append(lines, []string{v.Name, name, Foretold(c), Amount(c.Measured, c.Unit), deviation(c),
					far, in, v.lawKind()})
			}
		}
		p.Series = []Series{held, told, left}
		panels = append(panels, p)
	}
	return panels, lines
}

// inTolerances is a deviation on the scale of what was allowed; nil where one of
// the two is missing, or where none was allowed and there is one.
func inTolerances(c results.Comparison) *float64 {
	if c.Predicted == nil || c.Measured == nil {
		return nil
	}
	off := *c.Off()
	switch {
	case c.Tolerance > 0:
		off /= c.Tolerance
	case off != 0:
		return nil
	}
	return &off
}

// deviation is a difference as people say it.
func deviation(c results.Comparison) string {
	switch {
	case c.Predicted == nil && c.Measured == nil:
		return "none predicted, none seen"
	case c.Predicted == nil:
		return Amount(c.Measured, c.Unit) + ", none predicted"
	case c.Measured == nil:
		return "none, " + Foretold(c) + " predicted"
	case c.PredictedMost != nil && *c.Off() == 0:
		return "within the interval"
	case *c.Off() == 0:
		return "exact"
	case c.RelativeError != nil && math.Abs(*c.RelativeError) < 5e-5:
		return "under 0.01 %"
	case c.RelativeError != nil:
		return format.Change(*c.RelativeError)
	}
	return Amount(c.Measured, c.Unit) + " instead of " + Foretold(c)
}

// judged is how far off a comparison is, and whether that is within what was
// allowed.
func judged(c results.Comparison) (far, in string) {
	far, in = "–", "no"
	if off := inTolerances(c); off != nil {
		far = fmt.Sprintf("%+.2f", *off)
	}
	if c.OK {
		in = "yes"
	}
	return far, in
}

// Foretold is what a comparison predicted: a value, or an interval.
func Foretold(c results.Comparison) string {
	if c.PredictedMost == nil {
		return Amount(c.Predicted, c.Unit)
	}
	return format.Span(Amount(c.Predicted, c.Unit), Amount(c.PredictedMost, c.Unit))
}

// Amount is a predicted or a measured value with its unit, "none" where it was not
// to come or did not.
func Amount(x *float64, unit string) string {
	switch {
	case x == nil:
		return "none"
	case unit == law.Seconds:
		return format.Seconds(*x)
	case unit == law.Share:
		return fmt.Sprintf("%.2f %%", 100**x)
	case unit == "":
		return fmt.Sprintf("%.3g", *x)
	}
	return format.Grouped(*x)
}
