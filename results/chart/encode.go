package chart

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"image"
	"image/png"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngDPI gives two pixels per point.
const pngDPI = 144

// WritePNG draws the figure on white at twice its nominal size.
func (f *Figure) WritePNG(w io.Writer) error {
	m := f.pixels()
	if rgba, ok := m.(*image.RGBA); ok {
		m = paletted(rgba)
	}
	return encoder.Encode(w, m)
}

func (f *Figure) pixels() image.Image {
	page := sheet{wide: pageWidth}
	page.high = f.height(page)
	c := vgimg.NewWith(
		vgimg.UseWH(pageWidth, page.high),
		vgimg.UseDPI(pngDPI),
		vgimg.UseBackgroundColor(paper.colour(1)),
	)
	f.render(c, page)
	return c.Image()
}

// encoder takes three fifths of the default level's time for a tenth more bytes.
var encoder = png.Encoder{CompressionLevel: png.BestSpeed}

// WriteSVG draws the figure with its text as text, titled and described for
// those who do not see it.
func (f *Figure) WriteSVG(w io.Writer) error {
	d, err := f.Draw(false)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s role=\"img\">\n<title>%s</title>\n<desc>%s</desc>%s</svg>\n",
		d.head, html.EscapeString(f.Title), html.EscapeString(f.AriaText), d.Body)
	return err
}

// Drawing is a figure as SVG in its parts, for a page that has it inside.
type Drawing struct {
	Wide, High float64 // in points, which are the units of the body
	Body       string  // all that the element svg holds
	Areas      []Area  // where the panels lie, in the order of the rows and of the panels within them

	head string // all before the element's end of attributes
}

// Draw draws the figure as in a file, or for a page as narrow as a phone with its
// panels one below the other.
func (f *Figure) Draw(phone bool) (*Drawing, error) { return f.svg(pageWidth, phone, false) }

// DrawBare draws the panels alone, half as wide, for a place that says what the
// title, the subtitle and the provenance would.
func (f *Figure) DrawBare(phone bool) (*Drawing, error) { return f.svg(halfWidth, phone, true) }

func (f *Figure) svg(wide vg.Length, phone, bare bool) (*Drawing, error) {
	if phone {
		f, wide = f.stacked(), phoneWidth
	}
	page := sheet{wide: wide, bare: bare}
	page.high = f.height(page)
	c := &textCounter{Canvas: vgsvg.New(wide, page.high)}
	c.SetColor(paper.colour(1))
	c.Fill(draw.New(c).Rectangle.Path())
	d := &Drawing{Wide: wide.Points(), High: page.high.Points(), Areas: f.render(c, page)}
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	prolog, element, opens := strings.Cut(b.String(), "<svg")
	attributes, body, goesOn := strings.Cut(element, ">")
	body, ends := strings.CutSuffix(strings.TrimRight(body, "\n"), "</svg>")
	if !opens || !goesOn || !ends {
		return nil, errors.New("draw a figure: the library wrote no element svg")
	}
	body, texts := fitted(body)
	if texts != c.texts {
		return nil, fmt.Errorf("draw a figure: %d of its %d texts are as they should be written", texts, c.texts)
	}
	d.head, d.Body = prolog+"<svg"+attributes, body+f.tips(d.Areas)
	return d, nil
}

// textCounter counts the texts that are drawn, since what becomes of them hangs
// on how the library writes them.
type textCounter struct {
	*vgsvg.Canvas
	texts int
}

func (c *textCounter) FillString(face font.Face, at vg.Point, text string) {
	c.texts++
	c.Canvas.FillString(face, at, text)
}

// fontFamily is what the texts of an SVG ask for. vgsvg names one font and hopes.
const fontFamily = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"

// textElement is a text as vgsvg writes it, between "<text " and "</text>": its attributes, its
// weight, its size and its words.
var textElement = regexp.MustCompile(`^([^>]*?font-family:Liberation Sans;font-variant:normal;` +
	`[^>]*?font-weight:(\w+);[^>]*?font-size:([0-9.]+)px[^>]*)>([^<]*)$`)

// fitted gives every text the width it was laid out with, and counts them. A
// browser that has neither of the fonts takes another, which may be wider:
// without this, titles were cut and labels ran into each other. Blank texts are
// left out.
func fitted(svg string) (out string, texts int) {
	const begin, end = "<text ", "</text>"
	// One text at a time: an expression takes far longer to find them all.
	before, rest, found := strings.Cut(svg, begin)
	all := []string{before}
	for found {
		var text, after string
		text, rest, _ = strings.Cut(rest, end)
		after, rest, found = strings.Cut(rest, begin)
		if fit, ok := fit(text); ok {
			texts++
			all = append(all, fit, strings.TrimPrefix(after, "\n"))
		} else {
			all = append(all, begin, text, end, after)
		}
	}
	return strings.Join(all, ""), texts
}

// fit gives one text its width. It reports false where the text is not written as expected.
func fit(text string) (element string, ok bool) {
	m := textElement.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	words := html.UnescapeString(m[4])
	size, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return "", false
	}
	if strings.TrimSpace(words) == "" {
		return "", true
	}
	w := ink.write(vg.Length(size), m[2] == "bold").Width(words)
	attributes := strings.Replace(m[1], "font-family:Liberation Sans;font-variant:normal;", fontFamily, 1)
	return fmt.Sprintf("<text textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\" %s>%s</text>\n",
		w, attributes, m[4]), true
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

// height lays the figure out on a page without drawing it.
func (f *Figure) height(page sheet) vg.Length {
	f.draw(&page)
	return page.y
}

func (f *Figure) render(canvas vg.CanvasSizer, s sheet) []Area {
	s.c = new(draw.New(canvas))
	f.draw(&s)
	return s.areas
}
