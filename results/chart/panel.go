package chart

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw draws the panel so that its data area is exactly area: gonum sizes the
// axes from their labels, which would leave the panels of a row unequal.
func (p *Panel) draw(c draw.Canvas, area vg.Rectangle, y Axis, labelled bool) {
	x := ticker{axis: p.X, about: max(2, min(12, int(area.Size().X/45)))}
	if p.Strips != nil { // short labels, of which those at the strip's edges matter most
		x.about *= 2
	}
	pl := p.plot(y, x.about, labelled)
	want := draw.Canvas{Canvas: c.Canvas, Rectangle: area}
	outer := want
	for range 3 { // the margins depend a little on the size
		got := pl.DataCanvas(outer)
		outer.Min = outer.Min.Add(area.Min.Sub(got.Min))
		outer.Max = outer.Max.Add(area.Max.Sub(got.Max))
	}
	pl.Draw(outer)
	if p.X.Label != "" {
		p.labelX(&c, area, x)
	}
}

// labelX writes the labels below the area and no wider than it: the first and
// the last step inwards, so that those of two columns never meet. One that
// would touch the label before it is left out; its tick is there.
func (p *Panel) labelX(c *draw.Canvas, area vg.Rectangle, ticks ticker) {
	sty := ink.write(sizeText, false)
	sty.YAlign = text.YTop
	free := area.Min.X - sizeText
	for _, t := range ticks.Ticks(p.X.Min, p.X.Max) {
		w, at := sty.Width(t.Label), area.Min.X+area.Size().X*vg.Length(p.X.share(t.Value))
		if left := max(area.Min.X, min(area.Max.X-w, at-w/2)); left >= free {
			c.FillText(sty, vg.Point{X: left, Y: area.Min.Y - 5}, t.Label)
			free = left + w + 4
		}
	}
}

// plot makes gonum's plot of the panel. Everything is drawn by plotters
// without a DataRange, so that nothing stretches the axes.
func (p *Panel) plot(y Axis, xTicks int, labelled bool) *plot.Plot {
	pl := plot.New()
	pl.BackgroundColor = nil
	pl.X.Min, pl.X.Max, pl.Y.Min, pl.Y.Max = p.X.Min, p.X.Max, y.Min, y.Max
	if p.X.Log {
		pl.X.Scale = plot.LogScale{}
	}
	if y.Log {
		pl.Y.Scale = plot.LogScale{}
	}
	pl.X.Tick.Marker, pl.Y.Tick.Marker = ticker{p.X, xTicks, true}, ticker{y, 4, !labelled}
	for _, a := range []*plot.Axis{&pl.X, &pl.Y} {
		a.LineStyle.Width, a.Tick.Length, a.Tick.LineStyle.Width, a.Padding = 0, 0, 0, 5
		x, y := a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = ink.write(sizeText, false)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = x, y
	}
	baseline := draw.LineStyle{Color: muted.colour(1), Width: 0.6}
	pl.X.LineStyle, pl.X.Tick.LineStyle, pl.X.Tick.Length, pl.X.Padding = baseline, baseline, 3, 0
	lines := plotter.NewGrid()
	lines.Horizontal = draw.LineStyle{Color: grid.colour(1), Width: 0.6}
	lines.Vertical.Color = nil
	if y.Names != nil {
		lines.Horizontal, lines.Vertical = draw.LineStyle{}, lines.Horizontal
	}
	pl.Add(lines)
	pl.Add(p)
	return pl
}

// Plot implements plot.Plotter: back to front.
func (p *Panel) Plot(c draw.Canvas, pl *plot.Plot) {
	x, y := pl.Transforms(&c)
	band := func(b Span, of color.Color) {
		c.FillPolygon(of, []vg.Point{{X: x(b.From), Y: c.Min.Y}, {X: x(b.From), Y: c.Max.Y}, {X: x(b.To), Y: c.Max.Y},
			{X: x(b.To), Y: c.Min.Y}})
	}
	for _, b := range p.Bands {
		band(b, error99.colour(0.10))
	}
	for _, b := range p.Strips {
		band(b, tolerated.colour(0.14))
	}
	if !p.shares() { // which would cover them
		p.strokeMarks(&c, x)
	}
	if p.Empty != "" {
		w := ink.write(sizeText, false).Width(p.Empty)
		onPaper(&c, c.Center().Sub(vg.Point{X: w / 2}), p.Empty)
		return
	}
	p.fillShares(&c, x, y)
	for i := range p.Series {
		p.Series[i].fill(&c, x, y)
	}
	for i := range p.Series {
		p.Series[i].stroke(&c, x, y)
	}
	for _, l := range p.Limits {
		c.StrokeLine2(limit.line(), c.Min.X, y(l.Y), c.Max.X, y(l.Y))
		onPaper(&c, vg.Point{X: c.Min.X + 4, Y: y(l.Y) + beside(l.Y, y, pl)}, l.Label)
	}
	for _, t := range p.Captions {
		dx := vg.Length(9)
		if t.Left {
			dx = -9 - ink.write(sizeText, false).Width(t.Text)
		}
		at := vg.Point{X: x(t.X) + dx, Y: y(t.Y)}
		if p.Strips != nil { // a patch of paper would look like a hole in the strip
			c.FillText(ink.write(sizeText, false), at.Sub(vg.Point{Y: 3.2}), t.Text)
			continue
		}
		onPaper(&c, at, t.Text)
	}
}

// beside is how far above a limit its label stands: below it where that is what
// keeps the label off a line of the grid.
func beside(at float64, y transform, pl *plot.Plot) vg.Length {
	above, below := true, true
	for _, t := range pl.Y.Tick.Marker.Ticks(pl.Y.Min, pl.Y.Max) {
		d := y(t.Value) - y(at)
		above, below = above && (d < 1 || d > 13), below && (d > -1 || d < -13)
	}
	if !above && below {
		return -7
	}
	return 7
}

// onPaper writes text, centred on the height of at, that no line runs through.
func onPaper(c *draw.Canvas, at vg.Point, txt string) {
	sty := ink.write(sizeText, false)
	w := sty.Width(txt)
	c.FillPolygon(paper.colour(0.85), []vg.Point{{X: at.X - 1, Y: at.Y - 5}, {X: at.X - 1, Y: at.Y + 5},
		{X: at.X + w + 1, Y: at.Y + 5}, {X: at.X + w + 1, Y: at.Y - 5}})
	c.FillText(sty, vg.Point{X: at.X, Y: at.Y - 3.2}, txt)
}

func (p *Panel) strokeMarks(c *draw.Canvas, x transform) {
	for _, m := range p.Marks {
		c.StrokeLine2(markLine(), x(m.X), c.Min.Y, x(m.X), c.Max.Y)
	}
}

func markLine() draw.LineStyle {
	return draw.LineStyle{Color: muted.colour(1), Width: 0.7, Dashes: []vg.Length{2, 2}}
}

type transform = func(float64) vg.Length

// runs are the stretches of a series without a gap, as outlines.
func (s *Series) runs(x, y transform) [][]vg.Point {
	var runs [][]vg.Point
	var run []vg.Point
	add := func(at vg.Point) {
		if n := len(run); n > 1 && run[n-1].Y == at.Y && run[n-2].Y == at.Y {
			run = run[:n-1] // a level line needs its ends alone; a steady run is a third of the page otherwise
		}
		run = append(run, at)
	}
	for i, p := range s.Points {
		at := vg.Point{X: x(p.X), Y: y(p.Y)}
		add(at)
		last := i == len(s.Points)-1
		gap := last || s.Points[i+1].X-p.X > s.Hold
		if s.Kind == Rate || s.Kind == Level {
			end := p.X + s.Hold
			switch {
			case !gap:
				end = s.Points[i+1].X
			case s.Kind == Level: // known at its last sample, not beyond
				end = p.X
			}
			add(vg.Point{X: x(end), Y: at.Y})
		}
		if gap {
			runs, run = append(runs, run), nil
		}
	}
	return runs
}

// fill tints the area below a line.
func (s *Series) fill(c *draw.Canvas, x, y transform) {
	tint := s.Meaning.look().tint
	switch s.Kind {
	case Bars:
		for _, p := range s.Points {
			s.bar(c, vg.Rectangle{Min: vg.Point{X: x(0), Y: y(p.Y - 0.17)}, Max: vg.Point{X: x(p.X), Y: y(p.Y + 0.17)}})
		}
	case Rate, Level:
		for _, run := range s.runs(x, y) {
			if tint > 0 && len(run) > 1 {
				area := append([]vg.Point{{X: run[0].X, Y: c.Min.Y}}, run...)
				area = append(area, vg.Point{X: run[len(run)-1].X, Y: c.Min.Y})
				c.FillPolygon(s.Meaning.colour(tint), c.ClipPolygonXY(area))
			}
		}
	}
}

// bar is a filled rectangle with its edge.
func (s *Series) bar(c *draw.Canvas, r vg.Rectangle) {
	edge := s.Meaning.line()
	edge.Width, edge.Dashes = 0.8, nil
	corners := []vg.Point{r.Min, {X: r.Min.X, Y: r.Max.Y}, r.Max, {X: r.Max.X, Y: r.Min.Y}, r.Min}
	c.FillPolygon(s.Meaning.colour(1), corners[:4])
	c.StrokeLines(edge, corners)
}

func (s *Series) stroke(c *draw.Canvas, x, y transform) {
	switch s.Kind {
	case Dots:
		for _, p := range s.Points {
			s.dot(c, s.glyph(), vg.Point{X: x(p.X), Y: y(p.Y)})
		}
	case Rate, Level, Line:
		for _, run := range s.runs(x, y) {
			if run[0] == run[len(run)-1] { // seen once between two gaps: a line needs two ends
				s.dot(c, draw.GlyphStyle{Color: s.Meaning.line().Color, Radius: 1.8, Shape: draw.CircleGlyph{}}, run[0])
				continue
			}
			c.StrokeLines(s.Meaning.line(), c.ClipLinesXY(run)...)
		}
	}
}

// swatch draws the series' entry in the key, in the colours the eye will meet.
func (s *Series) swatch(c draw.Canvas) {
	mid := c.Center()
	switch s.Kind {
	case Dots:
		c.DrawGlyphNoClip(s.glyph(), mid)
	case Bars:
		s.bar(&c, c.Rectangle)
	case Share:
		c.FillPolygon(s.Meaning.part(), []vg.Point{c.Min, {X: c.Min.X, Y: c.Max.Y}, c.Max, {X: c.Max.X, Y: c.Min.Y}})
	default:
		if tint := s.Meaning.look().tint; tint > 0 {
			c.FillPolygon(s.Meaning.colour(tint), []vg.Point{c.Min, {X: c.Min.X, Y: mid.Y}, {X: c.Max.X, Y: mid.Y},
				{X: c.Max.X, Y: c.Min.Y}})
		}
		c.StrokeLine2(s.Meaning.line(), c.Min.X, mid.Y, c.Max.X, mid.Y)
	}
}
