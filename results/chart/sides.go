package chart

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// sides shows which end of the upstream connections held TIME_WAIT: the end
// that closed first. Only the proxy's use up the proxy's ports. Where neither
// held more than a few there is no figure: bars would make much of them.
func sides(vs []variant) *Figure {
	if sidesTitle(vs) == "" {
		return nil
	}
	f := &Figure{
		ID:    "time-wait-sides",
		Title: sidesTitle(vs),
		Subtitle: "Bars: the most sockets in TIME_WAIT at any moment. The end that closes first holds them; " +
			"only those on the proxy block its source ports.",
		Table: Table{Header: []string{"variant", "proxy, peak", "backend, peak", "proxy close share f"}},
	}
	p := Panel{}
	proxy := Series{Name: "proxy", Meaning: timeWait, Kind: Bars}
	back := Series{Name: "backend", Meaning: backendSide, Kind: Bars}
	y := Axis{Min: -float64(len(vs)) + 0.5, Max: 0.5}
	for i := range vs {
		v, at := &vs[i], -float64(i)
		y.Names = append(y.Names, v.Name)
		for _, side := range []struct {
			s  *Series
			n  *int64
			at float64
		}{{&proxy, v.TimeWait.ProxyPeak, at + 0.19}, {&back, v.TimeWait.BackendPeak, at - 0.19}} {
			if side.n == nil {
				p.Captions = append(p.Captions, Caption{Y: side.at, Text: format.NotMeasured})
				continue
			}
			n := float64(*side.n)
			side.s.Points = append(side.s.Points, Point{n, side.at})
			p.Captions = append(p.Captions, Caption{X: n, Y: side.at, Text: format.Grouped(n)})
			p.X.Max = max(p.X.Max, n)
		}
		share := format.NotMeasured
		if v.CloseShare != nil {
			share = fmt.Sprintf("%.2f", *v.CloseShare)
		}
		f.Table.Rows = append(f.Table.Rows, []string{
			v.Name, format.Count(v.TimeWait.ProxyPeak), format.Count(v.TimeWait.BackendPeak), share,
		})
	}
	p.X = Axis{Label: "sockets in TIME_WAIT", Max: ceiling(p.X.Max), Whole: true}
	p.Series = []Series{proxy, back}
	f.Rows = []Row{{Title: "TIME_WAIT by side", Height: 36 * float64(len(vs)), Y: y, Panels: []Panel{p}}}
	var words []string
	for _, r := range f.Table.Rows {
		words = append(words, fmt.Sprintf("%s: proxy %s, backend %s", r[0], r[1], r[2]))
	}
	f.AriaText = "Bars of the most sockets in TIME_WAIT, proxy and backend, per variant. " +
		strings.Join(words, "; ") + "."
	return f
}

// sidesTitle names the variants by the side that holds more. A few sockets
// decide nothing: what is below a twentieth of the tuples is not named, and where
// nobody is there is no title.
func sidesTitle(vs []variant) string {
	var proxy, back []string
	for i := range vs {
		v := &vs[i]
		p, b := v.TimeWait.ProxyPeak, v.TimeWait.BackendPeak
		switch {
		case p == nil || b == nil || 20*max(*p, *b) < int64(v.Predicted.Tuples):
		case *p > *b:
			proxy = append(proxy, v.Name)
		case *p < *b:
			back = append(back, v.Name)
		}
	}
	var parts []string
	if len(proxy) > 0 {
		parts = append(parts, "on the proxy with "+format.List(proxy))
	}
	if len(back) > 0 {
		parts = append(parts, "on the backend with "+format.List(back))
	}
	if len(parts) == 0 {
		return ""
	}
	return "TIME_WAIT lies " + strings.Join(parts, ", ")
}
