package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// quantity is something the laws foretell and the run measures.
type quantity struct {
	name      string
	unit      string
	predicted func(*variant) *float64
	measured  func(*variant) *float64
	absent    func(*variant) bool // it was watched for and did not come
	show      func(float64) string
	constant  bool // the law holds at a constant rate; after a collapse it only estimates
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

// predicted sets what was calculated before the run beside what it measured.
func predicted(vs []variant) *Figure {
	f := &Figure{ID: "predicted-measured", Subtitle: "Open diamond: the law, written down before the run. Dot: measured.",
		Table: Table{Header: []string{"variant", "quantity", "predicted", "measured", "difference"}}}
	row := Row{Title: "Calculated before, measured after", Heads: true, Height: 32 * float64(len(vs)), Y: Axis{Min: -float64(len(vs)) + 0.5, Max: 0.5}}
	for i := range vs {
		row.Y.Names = append(row.Y.Names, vs[i].Name)
	}
	worst := -1.0
	var words []string
	for _, q := range quantities() {
		p, rows := q.panel(vs)
		if len(row.Panels) > 0 && len(p.Series[0].Points)+len(p.Series[1].Points) == 0 {
			continue // a question that does not arise
		}
		row.Panels, f.Table.Rows = append(row.Panels, p), append(f.Table.Rows, rows...)
		for i, r := range rows {
			words = append(words, fmt.Sprintf("%s, %s: predicted %s, measured %s", r[0], r[1], r[2], r[3]))
			if miss := q.miss(&vs[i]); miss != nil && !q.estimate(&vs[i]) {
				worst = max(worst, math.Abs(*miss))
			}
		}
	}
	f.Rows = []Row{row}
	percent := strconv.FormatFloat(max(0.1, math.Ceil(worst*1000)/10), 'f', -1, 64) + " %"
	switch {
	case worst < 0:
		f.Title = "Nothing was both predicted and measured"
	case worst <= 0.05:
		f.Title = "The law met the measurement within " + percent
	default:
		f.Title = "The law missed the measurement by up to " + percent
	}
	f.AriaText = "Predicted against measured. " + strings.Join(words, "; ") + "."
	return f
}

// panel draws one quantity; rows are the lines of the table, one per variant.
func (q quantity) panel(vs []variant) (p Panel, rows [][]string) {
	p = Panel{Head: q.name, X: Axis{Label: q.unit, Max: 1, Whole: q.unit == "requests"}}
	law := Series{Name: "predicted", Meaning: lawSays, Kind: Dots}
	seen := Series{Name: "measured", Meaning: error99, Kind: Dots}
	for i := range vs {
		v, at := &vs[i], Point{0, -float64(i)}
		if a := q.predicted(v); a != nil {
			at.X = *a
			law.Points = append(law.Points, at)
		}
		if b := q.measured(v); b != nil {
			at.X = max(at.X, *b)
			seen.Points = append(seen.Points, Point{*b, at.Y})
		}
		row, caption := q.words(v)
		p.Captions = append(p.Captions, Caption{at.X, at.Y, caption})
		p.X.Max = max(p.X.Max, 1.9*at.X) // the captions stand to the right of the dots
		rows = append(rows, row)
	}
	p.Series = []Series{law, seen}
	return p, rows
}

// miss is how far the measurement lies from the law, relative to the law.
func (q quantity) miss(v *variant) *float64 {
	a, b := q.predicted(v), q.measured(v)
	if a == nil || b == nil || *a == 0 {
		return nil
	}
	m := *b / *a - 1
	return &m
}

// estimate says that a collapse has taken away the law's premise.
func (q quantity) estimate(v *variant) bool { return q.constant && v.Collapsed }

// words are a line of the table and what stands beside the dots. A failure
// that did not come is "none", a number nobody took is "not measured".
func (q quantity) words(v *variant) (row []string, caption string) {
	law, seen, diff := "none", NotMeasured, "–"
	if b := q.measured(v); b != nil {
		seen = q.show(*b)
	} else if q.absent(v) {
		seen = "none"
	}
	caption = seen + ", none predicted"
	if seen == "none" {
		caption = "none predicted, none seen"
	}
	if a := q.predicted(v); a != nil {
		law = q.show(*a)
		caption = seen + " (law: " + law + ")"
		if q.estimate(v) {
			caption = seen + " (estimate: " + law + ")"
			law = "≈ " + law
		}
	}
	if m := q.miss(v); m != nil {
		diff = fmt.Sprintf("%+.2f %%", 100**m)
	}
	return []string{v.Name, q.name, law, seen, diff}, caption
}
