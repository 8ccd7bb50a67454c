package chart

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// tips are what the bars and dots of lists tell a pointer that rests on them:
// unseen rectangles with a title, in the file as on the page. What lies along a
// time axis has too many points for that; the page's script reads those.
func (f *Figure) tips(areas []Area) string {
	var b strings.Builder
	n := 0
	for _, r := range f.Rows {
		for _, p := range r.Panels {
			a := areas[n]
			n++
			if r.Y.Names == nil {
				continue
			}
			for _, s := range p.Series {
				for _, pt := range s.Points {
					x, y := a.X+a.W*p.X.share(pt.X), a.Y+a.H*(1-r.Y.share(pt.Y))
					left, right, half := x-6, x+6, 6.0
					if s.Kind == Bars {
						left, right, half = a.X, max(x, a.X+6), a.H*(r.Y.share(0.17)-r.Y.share(0))
					}
					fmt.Fprintf(&b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "+
						"pointer-events=\"all\"><title>%s</title></rect>\n",
						left, y-half, right-left, 2*half, html.EscapeString(p.tip(&r, &s, pt)))
				}
			}
		}
	}
	return b.String()
}

// tip is a point in words: whose it is, what it is, and how much.
func (p *Panel) tip(r *Row, s *Series, pt Point) string {
	words := []string{r.Y.Names[int(math.Round(-pt.Y))]}
	if p.Head != "" {
		words = append(words, p.Head)
	}
	value := fmt.Sprintf("%.4g", pt.X)
	if pt.X >= 1000 {
		value = format.Grouped(pt.X)
	}
	return strings.TrimSpace(strings.Join(append(words, s.Name), ", ") + ": " + value + " " + p.X.Label)
}
