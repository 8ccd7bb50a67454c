package chart

import (
	"fmt"
	"math"
	"strconv"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// stack is cause and effect of one variant on one time axis: what was asked,
// what ran out, what failed, who else felt it, and what it cost.
func stack(v *variant) Figure {
	f := Figure{ID: "stack-" + v.Name, Title: v.Name + " " + v.story(),
		Subtitle: "From cause to effect on one time axis. Latency counts from the intended send time; " +
			"the neighbour is a request that needs no upstream. Answered: ok or not."}
	if len(v.faultWindow()) > 0 {
		f.Subtitle += shadedFault
	}
	end := max(1, v.span())
	width := binWidth(end)
	if width > 0.1 {
		f.Subtitle += fmt.Sprintf(" Latency shows the worst tenth of a second of every %s s.", si(width))
	}
	rate := append([]Series{
		v.offered(width),
		v.loadRate("answered", answered, width, func(l *results.Load) int64 { return l.OK + l.Failed }),
	}, v.outcomes(width)[0])
	errors := visible(v.outcomes(width)[1:])
	ports := []Series{v.inUse(width)}
	latency := v.latencies(width)
	proxy := []Series{v.cores(results.HostProxy, width)}

	k := float64(v.Predicted.Tuples)
	rows := []Row{
		{
			Title:  v.InWords("Requests") + v.opened() + " per second",
			Height: 90,
			Y:      Axis{Max: ceiling(top(rate...)), Whole: true},
			Panels: []Panel{{Series: rate}},
			Lanes:  true,
		},
		{Title: "Source ports in use towards the backend", Height: 90,
			Y: Axis{Max: ceiling(max(k, top(ports...))), Whole: true}, Panels: []Panel{{Series: ports}}},
		{
			Title:  "Lost " + v.Loads() + " per second, by cause",
			Height: 80,
			Y:      Axis{Max: ceiling(top(errors...)), Whole: true},
			Panels: []Panel{{Series: errors}},
		},
		{Title: "Latency in milliseconds (log)", Height: 100, Y: decades(latency), Panels: []Panel{{Series: latency}}},
		{
			Title:  "Processor use of " + v.ProxyName() + " in cores",
			Height: 60,
			Y:      Axis{Max: ceiling(max(0.1, top(proxy...)))},
			Panels: []Panel{{Series: proxy}},
		},
	}
	if k > 0 {
		rows[1].Panels[0].Limits = []Limit{{k, "K = " + format.Grouped(k)}}
	}
	for i := range rows {
		p := &rows[i].Panels[0]
		p.Variant, p.X, p.Bands, p.Marks = v.Name, Axis{Clock: true, Max: end}, v.faultWindow(), v.marks()
		empty := true
		for _, s := range p.Series {
			empty = empty && len(s.Points) == 0
		}
		if empty {
			p.Empty = format.NotMeasured
		}
	}
	if errs := &rows[2].Panels[0]; errs.Empty == "" && top(errs.Series...) == 0 {
		errs.Empty = v.InWords("no request failed")
		if v.Unfinished != nil && *v.Unfinished > 0 {
			errs.Empty += ", but " + format.Grouped(*v.Unfinished) + " had no reply at the end"
		}
	}
	rows[len(rows)-1].Panels[0].X.Label = seconds
	f.Rows = rows
	f.Table = v.timeTable(end)
	f.AriaText = fmt.Sprintf("Five panels over %s seconds for %s: request rate, ports in use, "+
		"losses by cause, latency, processor use. %s.", si(end), v.Name, f.Title)
	for _, m := range v.marks() {
		f.AriaText += " " + m.Label + "."
	}
	return f
}

// opened says of connections that are held that their openings are counted.
func (v *variant) opened() string {
	if v.Held != nil {
		return " opened"
	}
	return ""
}

// shadedFault explains a fault window where there is one.
const shadedFault = " Shaded: from the first error 99 to the last failure it caused."

// marks are the moments of a variant.
func (v *variant) marks() []Mark {
	var ms []Mark
	add := func(at *float64, what, how string, law, most *float64) {
		if at == nil {
			return
		}
		label := what + " " + format.Seconds(*at)
		if law != nil {
			says := format.Seconds(*law)
			if most != nil {
				says = format.Span(says, format.Seconds(*most))
			}
			label += " (" + how + ": " + says + ")"
		}
		ms = append(ms, Mark{*at, label})
	}
	first := "law"
	if v.Collapsed {
		first = "estimate"
	}
	add(v.CollapseS, "collapse", "law", v.Predicted.CollapseS, nil)
	add(v.FirstError, "first error 99", first, v.Predicted.FirstError99S, v.Predicted.FirstError99LatestS)
	add(v.LoadEndS, "load ends", "", nil, nil)
	add(v.RecoveredS, "recovery", "", nil, nil)
	return ms
}

// decades is a log axis around the data, from one of the steps 1, 2 and 5 of a
// decade to another: whole decades would leave much of a panel empty. A latency
// of 0 would break a log scale; what is below a microsecond is drawn there.
func decades(all []Series) Axis {
	lo, hi := math.Inf(1), 0.0
	for i := range all {
		for j := range all[i].Points {
			p := &all[i].Points[j]
			p.Y = max(p.Y, 1e-3)
			lo, hi = min(lo, p.Y), max(hi, p.Y)
		}
	}
	if hi == 0 {
		lo, hi = 0.1, 10
	}
	a := Axis{Log: true, Min: stepBelow(lo), Max: niceStep(hi, false)}
	if a.Max < a.Min*10 { // less than a decade is no scale
		a.Max = a.Min * 10
	}
	return a
}

// stepBelow is the largest step of a decade that v reaches.
func stepBelow(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, m := range []float64{5, 2} {
		if m*p <= v*(1+1e-9) {
			return m * p
		}
	}
	return p
}

// timeTable is the stack in numbers, at most two dozen moments.
func (v *variant) timeTable(end float64) Table {
	step := niceStep(end/20, true)
	out := v.outcomes(step)
	cols := []Series{v.offered(step), out[0], out[1], out[2], out[3], out[4], v.inUse(step)}
	cols = append(append(cols, v.latencies(step)[1:4]...), v.cores(results.HostProxy, step))
	t := Table{Header: []string{"from (s)", "offered/s", "ok/s", "error 99/s", v.Untried() + "/s", "other errors/s",
		"never sent/s", "most ports in use", "worst p99 (ms)", "its max (ms)", "neighbour, worst (ms)",
		v.ProxyName() + " CPU (cores)"}}
	for i := 0; float64(i)*step < end; i++ {
		row := []string{si(float64(i) * step)}
		for _, s := range cols {
			cell := "–"
			for _, p := range s.Points {
				if int(p.X/step+1e-9) == i {
					cell = strconv.FormatFloat(p.Y, 'g', 4, 64)
				}
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
