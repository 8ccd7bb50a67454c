package chart

import (
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// quantity is a law whose forecast and measurement are drawn in their own unit.
type quantity struct {
	*law.Law
	measured func(*variant) *float64
	absent   func(*variant) bool // it was watched for and did not come
	show     func(float64) string
	even     bool // the law holds at a constant rate of even arrivals; after a collapse it only estimates
}

func quantities() []quantity {
	collapsed := func(v *variant) bool { return !v.Collapsed && len(v.Data.Samples) > 0 }
	return []quantity{
		{&law.FirstError99, func(v *variant) *float64 { return v.FirstError }, none99, format.Seconds, true},
		{&law.OKBefore, okBefore, none99, format.Grouped[float64], true},
		{&law.Collapse, func(v *variant) *float64 { return v.CollapseS }, collapsed, format.Seconds, false},
	}
}

// none99 says that error 99 did not come.
func none99(v *variant) bool { return v.Errors != nil && v.Errors.Error99 == 0 }

// okBefore is the figure that the judge compared, if it did. In a short run that
// is all successes, free of the race between the first error and the last replies.
func okBefore(v *variant) *float64 {
	for _, c := range v.Checks {
		if c.ID == law.OKBefore.ID && c.Measured != nil {
			return c.Measured
		}
	}
	return float(v.OKBefore)
}

func float[T int | int64](n *T) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n))
}

// forecast is what the law says of a variant. The law of an even stream says nothing
// of random arrivals.
func (q quantity) forecast(v *variant) *float64 {
	if q.even && v.Plan.Random {
		return nil
	}
	return q.Forecast(v.Predicted)
}

// most is the far end of the forecast where it is an interval.
func (q quantity) most(v *variant) *float64 {
	if q.ForecastMost == nil || q.forecast(v) == nil {
		return nil
	}
	return q.ForecastMost(v.Predicted)
}

// says is the forecast as text.
func (q quantity) says(v *variant) string {
	text := q.show(*q.forecast(v))
	if most := q.most(v); most != nil {
		return format.Span(text, q.show(*most))
	}
	return text
}

// panel draws one quantity in its unit. The lines of the table are one per
// variant, or none where all predictions and measurements are zero.
func (q quantity) panel(vs []variant) (p Panel, lines [][]string) {
	label := q.Unit
	if label == law.Seconds {
		label = "seconds"
	}
	p = Panel{Head: q.Name, X: Axis{Label: label, Max: 1, Whole: q.Unit == "requests"}}
	forecast := Series{Name: "forecast", Meaning: lawSays, Kind: Dots}
	told := Series{Name: "law with the f that was measured", Meaning: lawTold, Kind: Dots}
	seen := Series{Name: "measured", Meaning: error99, Kind: Dots}
	for i := range vs {
		v, at := &vs[i], Point{0, -float64(i)}
		if a := q.forecast(v); a != nil {
			s := &forecast
			if v.GivenF() {
				s = &told
			}
			at.X = *a
			s.Points = append(s.Points, at)
			if most := q.most(v); most != nil { // an interval is a dot at either end
				at.X = *most
				s.Points = append(s.Points, at)
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
	p.Series = []Series{forecast, told, seen}
	all := slices.Concat(forecast.Points, told.Points, seen.Points)
	if !slices.ContainsFunc(all, func(pt Point) bool { return pt.X != 0 }) {
		return p, nil
	}
	return p, lines
}

// miss is how far the measurement lies from the law, relative to the law.
func (q quantity) miss(v *variant) *float64 {
	a, b := q.forecast(v), q.measured(v)
	if a == nil || b == nil || *a == 0 {
		return nil
	}
	m := *b / *law.Compared{Predicted: a, Most: q.most(v), Measured: b}.Nearest() - 1
	return &m
}

// estimate says that a collapse has taken away the law's premise.
func (q quantity) estimate(v *variant) bool { return q.even && v.Collapsed }

// words are a line of the table and the caption beside the dots. A failure that
// did not come is "none". A number that nobody took is "not measured".
func (q quantity) words(v *variant) (line []string, caption string) {
	says, seen, diff := "none", format.NotMeasured, "–"
	if b := q.measured(v); b != nil {
		seen = q.show(*b)
	} else if q.absent(v) {
		seen = "none"
	}
	kind := v.lawKind()
	switch a := q.forecast(v); {
	case a != nil && q.estimate(v):
		caption, says, kind = seen+" (estimate: "+q.show(*a)+")", "≈ "+q.show(*a), "an estimate"
	case a != nil && v.GivenF():
		says = q.says(v)
		caption = seen + " (with that f: " + says + ")"
	case a != nil:
		says = q.says(v)
		caption = seen + " (law: " + says + ")"
	case q.even && v.Plan.Random:
		says, kind = "no law", "–"
		caption = seen + " (random: no law)"
	case seen == "none":
		caption = "none predicted, none seen"
	default:
		caption = seen + ", none predicted"
	}
	if m := q.miss(v); m != nil {
		diff = format.Change(*m)
	}
	off, within := "–", "–"
	if i := slices.IndexFunc(v.Comparisons, func(c results.Comparison) bool { return c.ID == q.ID }); i >= 0 {
		off, within = judged(v.Comparisons[i])
	}
	return []string{v.Name, q.Name, says, seen, diff, off, within, kind}, caption
}
