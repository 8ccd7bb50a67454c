package chart

import (
	"slices"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Measures of the page in points.
const (
	pageWidth  = 920
	halfWidth  = 580 // beside a table
	phoneWidth = 350
	margin     = 18
	columnGap  = 18
	rowGap     = 14
	closeGap   = 4
	laneStep   = 12
)

// sheet is a page with a cursor that moves down. A figure is laid out twice:
// on no canvas, to learn its height, then for good.
type sheet struct {
	c     *draw.Canvas // nil: only measure
	wide  vg.Length    // of the page
	high  vg.Length    // of the page
	y     vg.Length    // of the cursor, from the top
	ends  vg.Length    // room right of the panels
	areas []Area       // of the panels drawn so far
	bare  bool         // without title, subtitle and provenance
}

// Area is where a panel's data lie on the page, in points from its top left
// corner.
type Area struct{ X, Y, W, H float64 }

func (f *Figure) draw(s *sheet) {
	if !s.bare {
		s.y = margin
		s.paragraph(ink.write(sizeTitle, true), f.Title)
		s.y += 3
		s.paragraph(muted.write(sizeText, false), f.Subtitle)
		s.y += 10
	}
	left := margin + f.gutter()
	s.ends = f.ends(s.wide)
	for i := range f.Rows {
		s.row(&f.Rows[i], left)
	}
	if s.bare {
		return
	}
	s.y += 2
	for _, line := range f.Footer {
		s.paragraph(muted.write(sizeSmall, false), line)
	}
	s.y += margin / 2
}

// gutter is the room for the labels left of the first column.
func (f *Figure) gutter() vg.Length {
	var w vg.Length
	for i := range f.Rows {
		y := f.Rows[i].Y
		for _, t := range (ticker{axis: y, about: 4}).Ticks(y.Min, y.Max) {
			w = max(w, ink.write(sizeText, false).Width(t.Label))
		}
	}
	return w + 8
}

// row draws a row of panels and what stands above and below it.
func (s *sheet) row(r *Row, left vg.Length) {
	n := vg.Length(max(r.Columns, len(r.Panels)))
	width := (s.wide - margin - s.ends - left - (n-1)*columnGap) / n
	at := func(i int) vg.Length { return left + vg.Length(i)*(width+columnGap) }
	if n == 1 {
		s.key(r)
	}
	if r.Heads {
		s.heads(r, at, width)
	}
	if n > 1 { // the last of several rows may have one panel, and looks like the others
		s.key(r)
	}
	if r.Lanes {
		s.lanes(&r.Panels[0], left, width)
	}
	height := vg.Length(r.Height)
	if s.c != nil {
		for i := range r.Panels {
			low := vg.Point{X: at(i), Y: s.high - s.y - height}
			s.areas = append(s.areas, Area{round(float64(low.X)), round(float64(s.y)), round(float64(width)), r.Height})
			area := vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: width, Y: height})}
			r.Panels[i].draw(*s.c, area, r.Y, i == 0)
			if s.ends > 0 && r.direct() {
				s.name(r, area)
			}
		}
	}
	s.y += height
	if r.Panels[0].X.Label != "" {
		s.y += 17
	}
	for i, p := range r.Panels {
		if i == 0 || !p.X.Clock {
			s.text(muted.write(sizeSmall, false), at(i), 3, p.X.Label)
		}
	}
	if r.Panels[0].X.Label != "" {
		s.y += 13
	}
	s.y += rowGap
	if r.Close {
		s.y -= rowGap - closeGap
	}
}

// heads writes the variants' names and verdicts above their columns.
func (s *sheet) heads(r *Row, at func(int) vg.Length, width vg.Length) {
	head, small := ink.write(sizeHead, true), muted.write(sizeText, false)
	if r.Close {
		for i, p := range r.Panels {
			x := at(i) + head.Width(p.Head) + 8
			s.text(head, at(i), 0, p.Head)
			if x+small.Width(p.SubHead) <= at(i)+width {
				s.text(small, x, 1, p.SubHead)
			}
		}
		s.y += 15
		return
	}
	var high, deep int
	for _, p := range r.Panels {
		high, deep = max(high, len(wrap(head, p.Head, width))), max(deep, len(wrap(small, p.SubHead, width)))
	}
	below := vg.Length(high)*13 + 1
	for i, p := range r.Panels {
		for j, line := range wrap(head, p.Head, width) {
			s.text(head, at(i), vg.Length(j)*13, line)
		}
		for j, line := range wrap(small, p.SubHead, width) {
			s.text(small, at(i), below+vg.Length(j)*11, line)
		}
	}
	s.y += below + 8 + vg.Length(deep)*11
}

// key writes what a row shows, and its legend beside it, unless the lines are
// named at their ends.
func (s *sheet) key(r *Row) {
	if r.Title == "" { // a panel of the same row stands above
		return
	}
	title, sty := ink.write(sizeText, true), ink.write(sizeText, false)
	s.text(title, margin, 0, r.Title)
	x := margin + title.Width(r.Title) + 18
	entries := r.series()
	if s.ends > 0 && r.direct() {
		entries = nil
	}
	for _, series := range entries {
		if w := 25 + sty.Width(series.Name); x > margin && x+w > s.wide-margin {
			x = margin
			s.y += laneStep + 2
		}
		if s.c != nil {
			low := vg.Point{X: x, Y: s.high - s.y - sizeText}
			box := vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: 20, Y: sizeText - 1})}
			series.swatch(draw.Canvas{Canvas: s.c.Canvas, Rectangle: box})
		}
		s.text(sty, x+25, 0, series.Name)
		x += 25 + sty.Width(series.Name) + 16
	}
	s.y += 19
}

// series are the different series of a row, those of the first place first.
func (r *Row) series() []Series {
	if r.key != nil {
		return r.key
	}
	var all []Series
	for place := range 8 {
		for _, p := range r.Panels {
			if p.Empty != "" || place >= len(p.Series) || len(p.Series[place].Points) == 0 {
				continue
			}
			s := p.Series[place]
			if !slices.ContainsFunc(all, func(a Series) bool { return a.Name == s.Name }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// lanes writes the labels of the marks and leads a line from each down to the
// panel.
func (s *sheet) lanes(p *Panel, left, width vg.Length) {
	sty := ink.write(sizeText, false)
	var xs, widths []vg.Length
	for _, m := range p.Marks {
		xs = append(xs, left+width*vg.Length((m.X-p.X.Min)/(p.X.Max-p.X.Min)))
		widths = append(widths, sty.Width(m.Label)+8)
	}
	labels, n := arrange(xs, widths, left, left+width)
	for i, l := range labels {
		dy := vg.Length(n-1-l.lane) * laneStep
		s.text(sty, l.x+4, dy, p.Marks[i].Label)
		if s.c != nil {
			s.c.StrokeLine2(markLine(), xs[i], s.high-s.y-dy, xs[i], s.high-s.y-vg.Length(n)*laneStep-4)
		}
	}
	s.y += vg.Length(n)*laneStep + 4
}

// text writes a line whose top is dy below the cursor.
func (s *sheet) text(sty text.Style, x, dy vg.Length, txt string) {
	if s.c == nil || txt == "" {
		return
	}
	sty.YAlign = text.YTop
	s.c.FillText(sty, vg.Point{X: x, Y: s.high - s.y - dy}, txt)
}

// paragraph writes text as wide as the page and moves the cursor below it.
func (s *sheet) paragraph(sty text.Style, txt string) {
	for _, line := range wrap(sty, txt, s.wide-2*margin) {
		s.text(sty, margin, 0, line)
		s.y += sty.Font.Size * 1.3
	}
}

// wrap breaks text at spaces so that no line is wider than width, unless one
// word is.
func wrap(sty text.Style, txt string, width vg.Length) []string {
	var lines []string
	for _, word := range strings.Fields(txt) {
		if n := len(lines); n > 0 && sty.Width(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}
