package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/lab99/lab99/results/chart"
)

// inline makes a figure part of the page, once for a wide one and once for a
// phone: the style sheet shows one of them. The points lie beside, for the
// script that tells values.
func inline(f chart.Figure) (template.HTML, error) { return both(f, f.Draw) }

// inlineBare does the same where the page itself says what the figure is.
func inlineBare(f *chart.Figure) (template.HTML, error) { return both(*f, f.DrawBare) }

func both(f chart.Figure, draw func(phone bool) (*chart.Drawing, error)) (template.HTML, error) {
	wide, err := draw(false)
	if err != nil {
		return "", err
	}
	phone, err := draw(true)
	if err != nil {
		return "", err
	}
	points, err := json.Marshal(values(f, wide.Areas, phone.Areas))
	if err != nil {
		return "", err
	}
	script := `<script type="application/json">` + string(points) + "</script>"
	return template.HTML(picture("wide", wide) + picture("phone", phone) + script), nil
}

// coordinates are the attributes that hold some; hundredths are the digits of
// one beyond the first.
var (
	coordinates = regexp.MustCompile(` (d|x|y)="[^"]*"`)
	hundredths  = regexp.MustCompile(`(\d\.\d)\d+`)
)

// fonts are the names that the file of a figure has to repeat at every text.
var fonts = regexp.MustCompile(`font-family:[^;"]*;`)

// picture is the SVG of a figure: sized by the page, and with every colour a
// variable, so that it follows the reader's light or dark.
func picture(class string, d *chart.Drawing) string {
	pairs := chart.Colours()
	// The page says once what every text of the file says for itself, and a tenth
	// of a point is finer than any screen: together a third of the page.
	swap := []string{"font-weight:normal;", "", "font-style:normal;", "", "\n\tstyle=", " style="}
	for i := 0; i < len(pairs); i += 2 {
		swap = append(swap, pairs[i], fmt.Sprintf("var(--c%d)", i/2))
	}
	// --w is the width at which a point is a pixel: the page keeps the words legible by it.
	head := fmt.Sprintf(`<svg class="%s" aria-hidden="true" style="--w:%gpx" viewBox="0 0 %[2]g %.5g">`,
		class, d.Wide, d.High)
	body := fonts.ReplaceAllString(d.Body, "")
	body = coordinates.ReplaceAllStringFunc(body, func(s string) string { return hundredths.ReplaceAllString(s, "$1") })
	return head + strings.NewReplacer(swap...).Replace(body) + "</svg>\n"
}

// hover is what the script needs to tell the values of a figure.
type hover struct {
	Areas  map[string][]chart.Area `json:"areas"` // of each panel, by the picture's class
	Panels []hoverPanel            `json:"panels"`
}

type hoverPanel struct {
	Title  string        `json:"title"`
	X      chart.Axis    `json:"x"`
	Y      chart.Axis    `json:"y"`
	Series []hoverSeries `json:"series"`
}

type hoverSeries struct {
	Name string       `json:"name"`
	Kind chart.Kind   `json:"kind"`
	Hold float64      `json:"hold"`
	At   [][2]float64 `json:"at"`
}

func values(f chart.Figure, wide, phone []chart.Area) hover {
	h := hover{Areas: map[string][]chart.Area{"wide": wide, "phone": phone}}
	for _, r := range f.Rows {
		for _, p := range r.Panels {
			title := r.Title
			if p.Head != "" {
				title = p.Head + ": " + title
			}
			hp := hoverPanel{Title: title, X: p.X, Y: r.Y}
			for _, s := range p.Series {
				hs := hoverSeries{Name: s.Name, Kind: s.Kind, Hold: s.Hold}
				for _, at := range s.Points {
					hs.At = append(hs.At, [2]float64{at.X, at.Y})
				}
				hp.Series = append(hp.Series, hs)
			}
			h.Panels = append(h.Panels, hp)
		}
	}
	return h
}

// themeStyle declares the figures' colours for light and dark. A printed page
// is always light.
func themeStyle() string {
	var light, dark strings.Builder
	pairs := chart.Colours()
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&light, "--c%d:%s;", i/2, pairs[i])
		fmt.Fprintf(&dark, "--c%d:%s;", i/2, pairs[i+1])
	}
	return ":root{" + light.String() + "}\n" +
		"@media screen and (prefers-color-scheme:dark){:root{" + dark.String() + "}}\n"
}
