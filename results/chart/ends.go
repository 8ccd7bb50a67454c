package chart

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Measures of the labels at the ends of lines, in points.
const (
	leader   = 14 // from the panel's edge to a label, in the line's own look
	endStep  = 11 // between two labels
	mostEnds = 4  // more lines than these are told apart better by a key
)

// direct says that a row's lines are named where they end, so that no eye has to
// go back to a key: it takes a single column and few lines.
func (r *Row) direct() bool {
	if len(r.Panels) != 1 || r.Columns > 1 || r.key != nil || r.Y.Names != nil || r.Panels[0].Empty != "" {
		return false
	}
	n := 0
	for _, s := range r.Panels[0].Series {
		if s.Kind == Dots || s.Kind == Bars || s.Kind == Share {
			return false
		}
		if len(s.Points) > 0 {
			n++
		}
	}
	return n > 0 && n <= mostEnds
}

// ends is the room right of the panels for the names of their lines. A phone has
// none to spare.
func (f *Figure) ends(wide vg.Length) vg.Length {
	var w vg.Length
	for i := range f.Rows {
		r := &f.Rows[i]
		if wide < pageWidth || len(r.Panels) != 1 || r.Columns > 1 {
			return 0
		}
		if r.direct() {
			for _, s := range r.series() {
				w = max(w, leader+3+ink.write(sizeText, false).Width(s.Name))
			}
		}
	}
	return w
}

// name writes the names of a panel's lines beside their ends: at the height of
// each as far as that is free, with a leader to it.
func (s *sheet) name(r *Row, area vg.Rectangle) {
	type end struct {
		series Series
		y      vg.Length
	}
	var all []end
	for _, series := range r.Panels[0].Series {
		if n := len(series.Points); n > 0 {
			share := max(0, min(1, r.Y.share(series.Points[n-1].Y)))
			all = append(all, end{series, area.Min.Y + area.Size().Y*vg.Length(share)})
		}
	}
	slices.SortStableFunc(all, func(a, b end) int { return cmp.Compare(a.y, b.y) })
	var ys []vg.Length
	for _, e := range all {
		ys = append(ys, e.y)
	}
	for i, y := range spread(ys, endStep, area.Min.Y+4, area.Max.Y-4) {
		s.c.StrokeLine2(all[i].series.Meaning.line(), area.Max.X, all[i].y, area.Max.X+leader, y)
		s.c.FillText(ink.write(sizeText, false), vg.Point{X: area.Max.X + leader + 3, Y: y - 3.2}, all[i].series.Name)
	}
}

// spread moves values that rise, as little as it can, until they lie step apart
// and between low and high.
func spread(ys []vg.Length, step, low, high vg.Length) []vg.Length {
	out := slices.Clone(ys)
	for i := range out {
		out[i] = max(out[i], low)
		if i > 0 {
			out[i] = max(out[i], out[i-1]+step)
		}
	}
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = min(out[i], high-vg.Length(len(out)-1-i)*step)
		if i < len(out)-1 {
			out[i] = min(out[i], out[i+1]-step)
		}
	}
	return out
}
