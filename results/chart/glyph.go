package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// dot draws a point. One far off the page, such as a negative count puts it,
// would keep the rasterizer busy for hours; NaN is not inside either.
func (s *Series) dot(c *draw.Canvas, g draw.GlyphStyle, at vg.Point) {
	if at.X > c.Min.X-1 && at.X < c.Max.X+1 && at.Y > c.Min.Y-1 && at.Y < c.Max.Y+1 {
		c.DrawGlyphNoClip(g, at)
	}
}

// glyph tells the predicted from the measured by shape, not by colour alone.
func (s *Series) glyph() draw.GlyphStyle {
	g := draw.GlyphStyle{Color: s.Meaning.colour(1), Radius: 3, Shape: draw.CircleGlyph{}}
	switch s.Meaning {
	case lawSays:
		g.Shape, g.Radius = diamond(), 6
	case lawTold:
		g.Shape, g.Radius = square(), 4.5
	case maximum:
		g.Shape, g.Radius = draw.RingGlyph{}, 2.8
	case neighbour, cpu:
		g.Radius = 2.3
	}
	return g
}

// outline is a glyph that lets what it stands around be seen: the corners of a
// closed line, in radii.
type outline []vg.Point

func diamond() outline { return outline{{X: -1}, {Y: 1}, {X: 1}, {Y: -1}, {X: -1}} }

func square() outline {
	return outline{{X: -1, Y: -1}, {X: -1, Y: 1}, {X: 1, Y: 1}, {X: 1, Y: -1}, {X: -1, Y: -1}}
}

// DrawGlyph implements draw.GlyphDrawer.
func (o outline) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	var line []vg.Point
	for _, corner := range o {
		line = append(line, at.Add(corner.Scale(sty.Radius)))
	}
	c.StrokeLines(draw.LineStyle{Color: sty.Color, Width: 1.2}, line)
}
