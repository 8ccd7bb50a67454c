package chart

import (
	"fmt"
	"math"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// predicted shows what was calculated beside what was measured. The upper panels
// use the units of both. The lower ones show the deviation of each comparison of
// the judge. There is no figure where the laws predicted nothing and nothing came.
func predicted(vs []variant) *Figure {
	f := &Figure{ID: "predicted-measured", Title: predictedTitle(vs),
		Table: Table{Header: []string{
			"variant", "quantity", "predicted", "measured", "difference",
			"deviation in tolerances", "within it", "the law is",
		}}}
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
		f.Rows = rows(above, Row{
			Title:  "What was calculated and what was measured",
			Heads:  true,
			Height: 32 * float64(len(vs)),
			Y:      y,
		})
	}
	if len(below) > 0 {
		f.Rows = append(f.Rows, abreast(5, below, Row{Title: "How far the measurement lies from the law", Heads: true,
			Height: 20 * float64(len(vs)), Y: y})...)
	}
	f.Subtitle = predictedSubtitle(f)
	f.AriaText = "Predicted against measured. " + strings.Join(words, "; ") + "."
	return f
}

// predictedSubtitle explains the signs that the figure uses.
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
		s = append(s, "Grey square: the law with the measured f. A race decides f, so this is no forecast.")
	}
	s = append(s, "Dot: measured.")
	if tolerances {
		s = append(s, "Shaded: the tolerance of each quantity, around what the law says.")
	}
	return strings.Join(s, " ")
}

// predictedTitle is about all forecasts that were compared. It names those that broke.
func predictedTitle(vs []variant) string {
	var broken []string
	n, worst, given, spans := 0, 0.0, 0, false
	for i := range vs {
		v := &vs[i]
		for _, c := range v.Comparisons {
			if v.GivenF() {
				given++
				continue
			}
			n++
			if !c.OK {
				broken = append(broken, fmt.Sprintf("%s of %s (%s)", c.Quantity, v.Name, brokenBy(c)))
			} else if c.RelativeError != nil {
				worst = max(worst, math.Abs(*c.RelativeError))
				spans = spans || c.PredictedMost != nil
			}
		}
	}
	switch {
	case len(broken) > 3:
		return fmt.Sprintf("The run left the law in %d of %d predictions, among them %s",
			len(broken), n, format.List(broken[:3]))
	case len(broken) > 0:
		return fmt.Sprintf("The run left the law in %d of %d predictions: %s", len(broken), n, format.List(broken))
	case n == 1 && worst == 0 && spans:
		return "The one prediction was within tolerance"
	case n > 0 && worst == 0 && spans:
		return fmt.Sprintf("All %d predictions were within tolerance", n)
	case n == 1 && worst == 0:
		return "The one prediction was exact"
	case n > 0 && worst == 0:
		return fmt.Sprintf("All %d predictions were exact", n)
	case n == 1:
		return "The one prediction was within tolerance, off by " + upTo(worst)
	case n > 0:
		return fmt.Sprintf("All %d predictions were within tolerance; the largest error is %s", n, upTo(worst))
	case given > 0:
		return "A race decides who closes first: the law with the measured f, no forecast"
	}
	return uncompared(vs)
}

// uncompared is the title for old runs, which stored no comparisons.
func uncompared(vs []variant) string {
	worst := -1.0
	for _, q := range quantities() {
		for i := range vs {
			if miss := q.miss(&vs[i]); miss != nil && !q.estimate(&vs[i]) && !vs[i].GivenF() {
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
	how := "it came, though not predicted"
	switch {
	case c.RelativeError != nil:
		how = format.Change(*c.RelativeError)
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

// lawKind says whether the law of a variant is a forecast.
func (v *variant) lawKind() string {
	if v.GivenF() {
		return "given the measured f"
	}
	return "a forecast"
}
