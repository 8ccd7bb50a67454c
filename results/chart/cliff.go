package chart

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// cliff shows what the shortage costs everybody else: the neighbour's latency and
// the proxy's processor use, against the share of the tuples taken. connect() blocks
// its worker while it searches, so all requests of the worker wait with it. There
// is no figure where no variant used half of the tuples.
func cliff(vs []variant) *Figure {
	f := &Figure{ID: "cliff",
		Subtitle: "The neighbour is a request that needs no upstream. " +
			"Dot: its median for each percent of the tuples. Ring: its worst. Vertical line: half, " +
			"where connect() begins to search. The title names what at least doubled.",
		Table: Table{Header: []string{"variant"}}}
	for _, r := range reaches() {
		f.Table.Header = append(f.Table.Header, "neighbour "+r.name+": median / one in four / worst (ms)")
	}
	proxy := proxyName(vs)
	for _, r := range reaches() {
		f.Table.Header = append(f.Table.Header, proxy+" "+r.name+" (cores)")
	}
	var upper, lower []Panel
	var near, cores []Series
	var words []string
	told := findings{proxy: proxy}
	for i := range vs {
		v := &vs[i]
		p := Panel{Variant: v.Name, Head: v.Name, SubHead: v.sub(), X: Axis{Max: 100}, Marks: []Mark{{X: half}}}
		q := p
		q.X.Label = "tuples taken, in percent"
		taken := v.taken()
		ms, use := v.nearBy(taken), v.coresBy(taken)
		p.Series, q.Series = thinned(ms), []Series{{Name: v.ProxyName(), Meaning: cpu, Kind: Dots, Points: use}}
		if len(ms) == 0 {
			p.Empty = format.NotMeasured
		}
		if len(use) == 0 {
			q.Empty = format.NotMeasured
		}
		told.add(v.Name, ms, use)
		row, said := cliffRow(ms, use)
		f.Table.Rows = append(f.Table.Rows, append([]string{v.Name}, row...))
		words = append(words, v.Name+": "+said)
		near, cores = append(near, p.Series...), append(cores, q.Series...)
		upper, lower = append(upper, p), append(lower, q)
	}
	if !told.crossed {
		return nil
	}
	f.Title = told.title()
	f.Rows = rows(upper, Row{
		Title:  "Latency of the neighbour in milliseconds (log)",
		Height: 130,
		Heads:  true,
		Y:      decades(near),
	})
	below := rows(lower, Row{
		Title:  "Processor use of " + proxy + " in cores",
		Height: 90,
		Y:      Axis{Max: ceiling(max(0.1, top(cores...)))},
	})
	f.Rows = interleave(f.Rows, below)
	f.AriaText = "Latency of the neighbour request and processor use of " + proxy + " " +
		"against the share of the tuples taken, one column per variant. " + strings.Join(words, ". ") + "."
	return f
}

// cliffRow are the cells of a variant and the same in words.
func cliffRow(ms, use []Point) (row []string, words string) {
	var said []string
	for _, r := range reaches() {
		in := r.of(ms)
		cell := format.NotMeasured
		if len(ms)+len(use) > 0 {
			cell = format.Rough(median(in))
			if len(in) > 0 {
				cell += " / " + format.Rough(quartile(in)) + " / " + format.Rough(worst(in))
			}
		}
		row = append(row, cell)
		if len(in) > 0 {
			said = append(said, fmt.Sprintf("neighbour %s %s ms, one in four %s ms or more",
				r.name, format.Rough(median(in)),
				format.Rough(quartile(in))))
		}
	}
	for _, r := range reaches() {
		cell := format.NotMeasured
		if len(ms)+len(use) > 0 {
			cell = format.Rough(median(r.of(use)))
		}
		row = append(row, cell)
	}
	if len(said) == 0 {
		said = []string{format.NotMeasured}
	}
	return row, strings.Join(said, ", ")
}

// taken is the share of the tuples in use over time, in percent.
func (v *variant) taken() []Point {
	k := float64(v.Predicted.Tuples)
	var ps []Point
	for s := range v.Data.ProxySockets() {
		if k > 0 {
			ps = append(ps, Point{s.T, max(0, min(100, 100*float64(s.Net.Count(""))/k))})
		}
	}
	return ps
}

// at is the share that was last seen before a moment; it is not known long.
func at(taken []Point, t float64) (float64, bool) {
	i, there := slices.BinarySearchFunc(taken, t, func(p Point, t float64) int {
		if p.X <= t {
			return -1
		}
		return 1
	})
	if there || i == 0 || t-taken[i-1].X > 1 {
		return 0, false
	}
	return taken[i-1].Y, true
}

// nearBy are the neighbour's answers by the share taken.
func (v *variant) nearBy(taken []Point) []Point {
	var ps []Point
	for i := range v.Data.Samples {
		s := &v.Data.Samples[i]
		if s.Neighbour == nil || s.Neighbour.Failed() {
			continue
		}
		if share, known := at(taken, s.T); known {
			ps = append(ps, Point{share, s.Neighbour.Ms})
		}
	}
	return ps
}

// coresBy is the proxy's processor use by the share taken in the middle of each
// bin, while the load lasts.
func (v *variant) coresBy(taken []Point) []Point {
	s := v.cores(results.HostProxy, binWidth(v.span()))
	var ps []Point
	for _, p := range s.Points {
		mid := p.X + s.Hold/2
		if share, known := at(taken, mid); known && (v.LoadEndS == nil || p.X+s.Hold <= *v.LoadEndS) {
			ps = append(ps, Point{round(share), p.Y})
		}
	}
	return ps
}

// thinned keeps two points of each percent: the median and, where that is
// another, the worst.
func thinned(ps []Point) []Series {
	bins := map[int][]Point{}
	for _, p := range ps {
		i := int(min(99, p.X))
		bins[i] = append(bins[i], p)
	}
	mid := Series{Name: "median", Meaning: neighbour, Kind: Dots}
	high := Series{Name: "worst", Meaning: maximum, Kind: Dots}
	for i := range 100 {
		if bin := bins[i]; len(bin) > 0 {
			x := float64(i) + 0.5
			mid.Points = append(mid.Points, Point{x, round(median(bin))})
			if len(bin) > 1 {
				high.Points = append(high.Points, Point{x, round(worst(bin))})
			}
		}
	}
	return []Series{high, mid}
}
