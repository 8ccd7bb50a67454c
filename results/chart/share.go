package chart

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// part is the colour of a share. What went well stands back, so that a time in which
// nothing did is seen at once.
func (m Meaning) part() color.Color {
	if m == ok {
		return m.colour(0.4)
	}
	return m.colour(1)
}

// shares says whether the panel shows parts of a whole.
func (p *Panel) shares() bool {
	return slices.ContainsFunc(p.Series, func(s Series) bool { return s.Kind == Share })
}

// lap is how far a part that covers what lies below reaches over the next, or a seam shows.
const lap = 0.4 // points

// fillShares draws the parts of a whole on top of each other, and the marks over them.
func (p *Panel) fillShares(c *draw.Canvas, x, y transform) {
	if !p.shares() {
		return
	}
	below := map[float64]float64{}
	for _, s := range p.Series {
		over := vg.Length(lap)
		if s.Meaning == ok {
			over = 0
		}
		for i := 0; i < len(s.Points); {
			from, base := s.Points[i], below[s.Points[i].X]
			end := from.X
			for i < len(s.Points) && s.Points[i].X-end < s.Hold/100 &&
				s.Points[i].Y == from.Y && below[s.Points[i].X] == base {
				below[s.Points[i].X], end = base+from.Y, s.Points[i].X+s.Hold
				i++
			}
			if from.Y > 0 {
				low := vg.Point{X: x(from.X), Y: y(base)}
				high := vg.Point{X: min(x(end)+over, c.Max.X), Y: y(base + from.Y)}
				c.FillPolygon(s.Meaning.part(), []vg.Point{low, {X: low.X, Y: high.Y}, high, {X: high.X, Y: low.Y}})
			}
		}
	}
	halo := draw.LineStyle{Color: paper.colour(1), Width: 2}
	line := draw.LineStyle{Color: ink.colour(1), Width: 1, Dashes: []vg.Length{2, 1.2}}
	for _, m := range p.Marks {
		for _, style := range []draw.LineStyle{halo, line} {
			c.StrokeLine2(style, x(m.X), c.Min.Y, x(m.X), c.Max.Y)
		}
	}
}
