package chart

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// across is how many variants fit side by side before their words do not.
const across = 4

// multiples is the comparison: one column per variant, sockets above, what the
// requests got below, under the line of what was offered. More variants than fit go into further blocks.
func multiples(vs []variant) Figure {
	f := Figure{ID: "comparison", Title: comparison(vs)}
	end, sockets, requests := 1.0, 0.0, 0.0
	for i := range vs {
		end = max(end, vs[i].span())
	}
	width := binWidth(end)
	x := Axis{Clock: true, Max: end}
	var upper, lower []Panel
	for i := range vs {
		v := &vs[i]
		p := Panel{Variant: v.Name, Head: v.Name, SubHead: v.sub(), X: x, Bands: v.faultWindow()}
		q := p
		q.X.Label = seconds
		p.Series, q.Series = visible(v.states(width)), visible(append(v.outcomes(width), v.offered(width)))
		if k := v.Predicted.Tuples; k > 0 {
			p.Limits = []Limit{{float64(k), "K = " + format.Grouped(k)}}
			sockets = max(sockets, float64(k))
		}
		if len(v.Data.Samples) == 0 {
			p.Empty, q.Empty = "nothing measured", "nothing measured"
		}
		sockets, requests = max(sockets, top(p.Series...)), max(requests, top(q.Series...))
		upper, lower = append(upper, p), append(lower, q)
	}
	f.Rows = interleave(
		rows(upper, Row{Title: "Sockets on the proxy towards the backend", Height: 150, Heads: true,
			Y: Axis{Max: ceiling(sockets), Whole: true}}),
		rows(lower, Row{
			Title:  vs[0].InWords("Requests") + vs[0].opened() + " per second",
			Height: 125,
			Y:      Axis{Max: ceiling(requests), Whole: true},
		}))
	f.Subtitle = multiplesSubtitle(upper)
	if width > 0.1 {
		f.Subtitle += fmt.Sprintf(" Thinned: rates are means of %s s, sockets the fullest sample of every %s s.",
			si(width), si(width))
	}
	f.Table.Header = []string{"variant", "verdict", "K", "peak in use", "peak TIME_WAIT, proxy", "ok", "error 99",
		untried(vs), "other errors", "never sent", "no reply", "first error 99"}
	var words []string
	for i := range vs {
		v := &vs[i]
		row := []string{v.Name, v.Verdict, format.Grouped(v.Predicted.Tuples), format.Count(v.Ports.PeakUsed),
			format.Count(v.TimeWait.ProxyPeak), format.Count(v.OK)}
		if e := v.Errors; e != nil {
			row = append(row, format.Count(&e.Error99), format.Count(&e.NoLiveUpstreams), format.Count(&e.Other))
		} else {
			row = append(row, format.NotMeasured, format.NotMeasured, format.NotMeasured)
		}
		f.Table.Rows = append(f.Table.Rows, append(row,
			format.Count(v.Dropped), format.Count(v.Unfinished), v.FirstError99()))
		words = append(words, v.Name+" "+v.story())
	}
	f.AriaText = fmt.Sprintf("Small multiples over %s seconds, one column per variant: sockets by state against the "+
		"capacity K, and requests per second by outcome. %s.",
		si(end), strings.Join(words, ". "))
	return f
}

// multiplesSubtitle explains what is there to see.
func multiplesSubtitle(panels []Panel) string {
	s := ""
	if slices.ContainsFunc(panels, func(p Panel) bool { return len(p.Limits) > 0 }) {
		s += " Dashed line: K, the connections this variant can have at once."
	}
	if slices.ContainsFunc(panels, func(p Panel) bool { return len(p.Bands) > 0 }) {
		s += shadedFault
	}
	if len(panels) > 1 {
		s += " Scales are the same along a row."
	}
	return strings.TrimSpace(s)
}

// rows sets panels side by side, as many as the words of variants allow.
func rows(panels []Panel, like Row) []Row { return abreast(across, panels, like) }

// abreast sets at most so many panels side by side, in rows that are like one
// but for the panels.
func abreast(most int, panels []Panel, like Row) []Row {
	n := (len(panels) + most - 1) / most
	per := (len(panels) + n - 1) / n
	var all []Row
	for part := range slices.Chunk(panels, per) {
		r := like
		r.Columns, r.Panels = per, part
		all = append(all, r)
	}
	return all
}

// interleave puts each row of the second below that of the first.
func interleave(upper, lower []Row) []Row {
	var all []Row
	for i := range upper {
		all = append(all, upper[i], lower[i])
	}
	return all
}
