package chart

import (
	"encoding/csv"
	"io"
	"strconv"
)

// WriteCSV writes exactly the points that are drawn, one per line.
func (f *Figure) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = false
	c.Write([]string{"panel", "variant", "series", "x", "y"})
	for _, r := range f.Rows {
		for _, p := range r.Panels {
			for _, s := range p.Series {
				for _, pt := range s.Points {
					panel, name, x, y := r.Title, p.Variant, number(pt.X), number(pt.Y)
					if r.Y.Names != nil { // a list of names: the value lies along x
						name, y = r.Y.Names[int(-pt.Y+0.5)], ""
						if p.Head != "" { // one quantity may be there in two units
							panel = p.Head + " (" + p.X.Label + ")"
						}
					}
					c.Write([]string{panel, name, s.Name, x, y})
				}
			}
		}
	}
	c.Flush()
	return c.Error()
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
