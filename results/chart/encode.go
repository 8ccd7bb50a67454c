package chart

import (
	"bytes"
	"fmt"
	"html"
	"io"
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
	high := f.height()
	c := vgimg.NewWith(vgimg.UseWH(pageWidth, high), vgimg.UseDPI(pngDPI))
	f.render(c, high)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// WriteSVG draws the figure with its text as text, titled and described for
// those who do not see it.
func (f *Figure) WriteSVG(w io.Writer) error {
	high := f.height()
	c := vgsvg.New(pageWidth, high)
	f.render(c, high)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	s := b.String()
	open := strings.Index(s, "<svg")
	end := open + strings.IndexByte(s[open:], '>')
	about := fmt.Sprintf(" role=\"img\">\n<title>%s</title>\n<desc>%s</desc>", html.EscapeString(f.Title), html.EscapeString(f.AriaText))
	// vgsvg names one font and hopes.
	body := strings.ReplaceAll(s[end+1:], "font-family:Liberation Sans;font-variant:normal;", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")
	_, err := io.WriteString(w, s[:end]+about+body)
	return err
}

// height lays the figure out without drawing it.
func (f *Figure) height() vg.Length {
	var s sheet
	f.draw(&s)
	return s.y
}

func (f *Figure) render(canvas vg.CanvasSizer, high vg.Length) {
	c := draw.New(canvas)
	c.SetColor(paper.colour(1))
	c.Fill(c.Rectangle.Path())
	f.draw(&sheet{c: &c, high: high})
}
