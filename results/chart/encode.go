package chart

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngDPI gives two pixels per point.
const pngDPI = 144

// WritePNG draws the figure on white at twice its nominal size.
func (f *Figure) WritePNG(w io.Writer) error {
	high := f.height(pageWidth)
	c := vgimg.NewWith(vgimg.UseWH(pageWidth, high), vgimg.UseDPI(pngDPI))
	f.render(c, pageWidth, high)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// WriteSVG draws the figure with its text as text, titled and described for
// those who do not see it.
func (f *Figure) WriteSVG(w io.Writer) error {
	_, err := f.Draw(w, false)
	return err
}

// Draw writes the figure as WriteSVG does, or for a page as narrow as a phone
// with its panels one below the other. It says where they lie, in the order of
// the rows and of the panels within them.
func (f *Figure) Draw(w io.Writer, phone bool) ([]Area, error) {
	wide := vg.Length(pageWidth)
	if phone {
		f, wide = f.stacked(), phoneWidth
	}
	high := f.height(wide)
	c := vgsvg.New(wide, high)
	areas := f.render(c, wide, high)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	s := b.String()
	open := strings.Index(s, "<svg")
	end := open + strings.IndexByte(s[open:], '>')
	about := fmt.Sprintf(" role=\"img\">\n<title>%s</title>\n<desc>%s</desc>", html.EscapeString(f.Title), html.EscapeString(f.AriaText))
	drawn := strings.TrimSuffix(strings.TrimRight(s[end+1:], "\n"), "</svg>")
	_, err := io.WriteString(w, s[:end]+about+fitted(drawn)+f.tips(areas)+"</svg>\n")
	return areas, err
}

// fontFamily is what the texts of an SVG ask for. vgsvg names one font and hopes.
const fontFamily = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"

// textElement is a text as vgsvg writes it: its attributes, its weight, its size
// and its words.
var textElement = regexp.MustCompile(`<text ([^>]*?font-weight:(\w+);[^>]*?font-size:([0-9.]+)px[^>]*)>([^<]*)</text>\n?`)

// fitted gives every text the width it was laid out with. A browser that has
// neither of the fonts takes another, which may be wider: without this, titles
// were cut and labels ran into each other. Blank texts are left out.
func fitted(svg string) string {
	svg = strings.ReplaceAll(svg, "font-family:Liberation Sans;font-variant:normal;", fontFamily)
	return textElement.ReplaceAllStringFunc(svg, func(s string) string {
		m := textElement.FindStringSubmatch(s)
		words := html.UnescapeString(m[4])
		if strings.TrimSpace(words) == "" {
			return ""
		}
		size, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return s
		}
		w := ink.write(vg.Length(size), m[2] == "bold").Width(words)
		return fmt.Sprintf("<text textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\" %s>%s</text>\n", w, m[1], m[4])
	})
}

// stacked is the figure with a row for every panel.
func (f *Figure) stacked() *Figure {
	g := *f
	g.Rows = nil
	for _, r := range f.Rows {
		n := len(r.Panels)
		for i, p := range r.Panels {
			one := r
			one.Panels, one.Columns, one.Heads = []Panel{p}, 0, r.Heads || n > 1
			if n > 1 {
				one.Height = min(r.Height, 110)
			}
			switch x := &one.Panels[0].X; { // one scale that several share is written below the last
			case i < n-1 && x.Clock:
				x.Label = ""
			case i == n-1 && n > 1 && x.Clock:
				x.Label = seconds
			}
			one.key = r.series()
			if i > 0 {
				one.Title = ""
			}
			g.Rows = append(g.Rows, one)
		}
	}
	return &g
}

// height lays the figure out without drawing it.
func (f *Figure) height(wide vg.Length) vg.Length {
	s := sheet{wide: wide}
	f.draw(&s)
	return s.y
}

func (f *Figure) render(canvas vg.CanvasSizer, wide, high vg.Length) []Area {
	c := draw.New(canvas)
	c.SetColor(paper.colour(1))
	c.Fill(c.Rectangle.Path())
	s := sheet{c: &c, wide: wide, high: high}
	f.draw(&s)
	return s.areas
}
