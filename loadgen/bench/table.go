//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// row is one figure of the table: its value in each round, and the bounds it
// is held against. Lower is better unless atLeast.
type row struct {
	what      string
	must, aim float64
	format    string
	atLeast   bool
	values    []float64
}

type rows []row

// table works out all figures. Ratios are taken within a round.
func table(o options, all []round, many *figure) rows {
	var t rows
	each := func(what, format string, must, aim float64, value func(r *round) float64) *row {
		w := row{what: what, format: format, must: must, aim: aim}
		for i := range all {
			if r := &all[i]; r.counts(o.keep) {
				if v := value(r); !math.IsNaN(v) {
					w.values = append(w.values, v)
				}
			}
		}
		t = append(t, w)
		return &t[len(t)-1]
	}
	cpu := func(f *figure) float64 { return of(f, func() float64 { return f.CPUUs }) }
	perS := func(f *figure) float64 { return of(f, func() float64 { return f.perSecond() }) }

	each("closed loop, CPU/request ÷ wrk, nginx 1 KB", "%.3f", 0.95, 0.90, func(r *round) float64 {
		return cpu(r.get(closedNginx, "lab99", 0)) / cpu(r.get(closedNginx, "wrk", 0))
	})
	each("closed loop, requests/s ÷ wrk, nginx 1 KB", "%.3f", 0.97, 1.0, func(r *round) float64 {
		return perS(r.get(closedNginx, "lab99", 0)) / perS(r.get(closedNginx, "wrk", 0))
	}).atLeast = true
	each("closed loop, CPU/request ÷ wrk, a C server that does not parse", "%.3f", 0.85, 0.72, func(r *round) float64 {
		return cpu(r.get(closedBare, "lab99", 0)) / cpu(r.get(closedBare, "wrk", 0))
	})
	each("closed loop, requests/s ÷ wrk, the C server", "%.3f", 1.10, 1.30, func(r *round) float64 {
		return perS(r.get(closedBare, "lab99", 0)) / perS(r.get(closedBare, "wrk", 0))
	}).atLeast = true
	each("CPU/request ÷ best Go peer (fortio, bombardier), nginx", "%.3f", 0.80, 0.72, func(r *round) float64 {
		best := lower(cpu(r.get(closedNginx, "fortio", 0)), cpu(r.get(closedNginx, "bombardier", 0)))
		return cpu(r.get(closedNginx, "lab99", 0)) / best
	})
	each("CPU/request ÷ bare send+recv loop in C", "%.3f", 1.15, 1.07, func(r *round) float64 {
		return cpu(r.get(closedNginx, "lab99", 0)) / cpu(r.get(closedNginx, "floor", 0))
	})
	for _, rate := range rates {
		each(fmt.Sprintf("constant rate %d/s: achieved, %% off", rate), "%.3f", 0.1, 0.01, func(r *round) float64 {
			f := r.get(exact, "lab99", rate)
			return of(f, func() float64 { return 100 * math.Abs(f.Achieved/float64(rate)-1) })
		})
	}
	lateness := func(mode string, p50Must, p50Aim, p99Must, p99Aim float64) {
		each("`"+mode+"` lateness p50 at 10k, µs", "%.1f", p50Must, p50Aim, func(r *round) float64 {
			f := r.get(mode, "lab99", 10_000)
			return of(f, func() float64 { return f.LateP50 })
		})
		each("`"+mode+"` lateness p99 at 10k, µs", "%.1f", p99Must, p99Aim, func(r *round) float64 {
			f := r.get(mode, "lab99", 10_000)
			return of(f, func() float64 { return f.LateP99 })
		})
	}
	lateness(exact, 60, 40, 150, 90)
	lateness(spin, 2, 0.3, 50, 30)
	each("`relaxed` CPU/request at 10k ÷ bombardier -r", "%.3f", 1.1, 1.0, func(r *round) float64 {
		return cpu(r.get(relaxed, "lab99", 10_000)) / cpu(r.get(relaxed, "bombardier", 10_000))
	})
	for i, bound := range [][2]float64{{0.3, 0.2}, {0.7, 0.5}} { // none is asked for at 25k
		rate := rates[i]
		each(fmt.Sprintf("gap coefficient of variation seen by the server, %d/s", rate), "%.3f", bound[0], bound[1],
			func(r *round) float64 {
				f := r.get(exact, "lab99", rate)
				return of(f, func() float64 { return f.GapCV })
			})
	}
	for i, bound := range [][2]float64{{0.70, 0.50}, {0.80, 0.65}, {0.70, 0.55}} {
		name := fmt.Sprintf("CPU/request ÷ vegeta -max-workers 64, %d/s", rates[i])
		each(name, "%.3f", bound[0], bound[1], func(r *round) float64 {
			return cpu(r.get(exact, "lab99", rates[i])) / cpu(r.get(exact, "vegeta-64", rates[i]))
		})
	}
	rss := func(f *figure) float64 { return of(f, func() float64 { return f.RSSMiB }) }
	each("RSS at 64 connections, MiB: package loadgen in a program of its own", "%.1f", 12, 8,
		func(r *round) float64 { return rss(r.get(library, "loadgen", 10_000)) })
	each("RSS at 64 connections, MiB: lab99, which carries the lab too", "%.1f", 12, 8,
		func(r *round) float64 { return rss(r.get(closedNginx, "lab99", 0)) })
	big := row{what: "RSS at 10,000 connections, MiB: lab99", format: "%.1f", must: 64, aim: 48}
	if many != nil {
		big.values = []float64{many.RSSMiB}
	}
	allocs := row{what: "allocations per request", format: "%.0f"}
	if n := 0.0; scan(o.allocs, &n) {
		allocs.values = []float64{n}
	}
	t = append(t, big, allocs)
	each("GC cycles in a run", "%.0f", 0, 0, func(r *round) float64 {
		n := 0
		for i := range r.Figures {
			n = max(n, r.Figures[i].GCs)
		}
		return float64(n)
	})
	return t
}

func scan(s string, v *float64) bool {
	_, err := fmt.Sscan(s, v)
	return err == nil
}

// of is a value of a figure, or NaN if the figure is missing.
func of(f *figure, value func() float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return value()
}

// lower is the lower of two, either of which may be missing.
func lower(a, b float64) float64 {
	if math.IsNaN(a) || b < a {
		return b
	}
	return a
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}

// judged is what a row says of its bounds.
func (w *row) judged() string {
	m := median(w.values)
	within := func(bound float64) bool {
		if w.atLeast {
			return m >= bound
		}
		return m <= bound
	}
	switch {
	case math.IsNaN(m):
		return "not measured"
	case within(w.aim):
		return "aim met"
	case within(w.must):
		return "must met"
	}
	return "**falls short**"
}

// medians are, per tool, group and rate, what people want to see behind the
// ratios.
func medians(o options, all []round) string {
	type key struct {
		group, tool string
		rate        int
	}
	var order []key
	of := map[key][]figure{}
	for i := range all {
		if !all[i].counts(o.keep) {
			continue
		}
		for _, f := range all[i].Figures {
			k := key{f.Group, f.Tool, f.Rate}
			if of[k] == nil {
				order = append(order, k)
			}
			of[k] = append(of[k], f)
		}
	}
	slices.SortStableFunc(order, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.rate, b.rate))
	})
	var b strings.Builder
	fmt.Fprintln(&b, "| what | tool | rate | requests/s | CPU µs/request | RSS MiB | lateness p50 / p99 µs | "+
		"gap cv | most per ms |\n|---|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, k := range order {
		m := func(value func(f figure) float64) float64 {
			var v []float64
			for _, f := range of[k] {
				v = append(v, value(f))
			}
			return median(v)
		}
		late, cv, burst := "", "", ""
		if of[k][0].GapCV > 0 {
			cv = fmt.Sprintf("%.2f", m(func(f figure) float64 { return f.GapCV }))
			burst = fmt.Sprintf("%.0f", m(func(f figure) float64 { return float64(f.Burst) }))
		}
		if of[k][0].LateP50 > 0 {
			p50, p99 := m(func(f figure) float64 { return f.LateP50 }), m(func(f figure) float64 { return f.LateP99 })
			late = fmt.Sprintf("%.1f / %.1f", p50, p99)
		}
		perS := m(func(f figure) float64 { return f.perSecond() })
		cpu, rss := m(func(f figure) float64 { return f.CPUUs }), m(func(f figure) float64 { return f.RSSMiB })
		fmt.Fprintf(&b, "| %s | %s | %d | %.0f | %.2f | %.1f | %s | %s | %s |\n",
			k.group, k.tool, k.rate, perS, cpu, rss, late, cv, burst)
	}
	return b.String()
}
