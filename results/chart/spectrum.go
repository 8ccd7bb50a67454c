package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// perDecade is how many points of a spectrum lie between 90 % and 99 %.
const perDecade = 12

// spectrum is the whole distribution of latencies, one column per variant: the
// rarer the request, the further right. What lies between the two lines is the
// wait before the send, which a generator that counts from the actual send
// does not see.
func spectrum(vs []variant) *Figure {
	f := &Figure{ID: "latency-spectrum", Title: spectrumTitle(vs),
		Subtitle: fmt.Sprintf("Solid: from the intended send time. Dashed: service time, from the actual send. Failed requests are in it. Both scales are logarithmic; %d points a decade, the last is the maximum.", perDecade),
		Table:    Table{Header: []string{"variant", "from", "p50 (ms)", "p90 (ms)", "p99 (ms)", "p99.9 (ms)", "max (ms)", "requests"}}}
	var panels []Panel
	var all []Series
	x := Axis{Log: true, Quantile: true, Min: 1, Max: 100, Label: "share of the requests that took at most so long"}
	var words []string
	for i := range vs {
		v := &vs[i]
		p := Panel{Variant: v.Name, Head: v.Name, SubHead: v.latencyWords()}
		for _, of := range []struct {
			h       *hdr.Histogram
			name    string
			meaning Meaning
		}{{v.latency, "latency", intended}, {v.service, "service time", serviceTime}} {
			if of.h == nil || of.h.TotalCount() == 0 {
				continue
			}
			s := Series{Name: of.name, Meaning: of.meaning, Kind: Line, Hold: float64(of.h.TotalCount()), Points: quantilePoints(of.h)}
			x.Max = max(x.Max, float64(of.h.TotalCount()))
			p.Series, all = append(p.Series, s), append(all, s)
			f.Table.Rows = append(f.Table.Rows, quantileRow(v.Name, of.name, of.h))
		}
		if len(p.Series) == 0 {
			p.Empty = NotMeasured
			f.Table.Rows = append(f.Table.Rows, []string{v.Name, "latency", NotMeasured, NotMeasured, NotMeasured, NotMeasured, NotMeasured, NotMeasured})
		}
		words = append(words, v.Name+": "+p.SubHead)
		panels = append(panels, p)
	}
	if !slices.ContainsFunc(vs, func(v variant) bool { return v.service != nil }) {
		f.Subtitle = strings.Replace(f.Subtitle, "Dashed: service time, from the actual send.", "Service time was not stored with this run.", 1)
	}
	y := decades(all)
	for i := range panels {
		panels[i].X = x
	}
	f.Rows = rows(panels, Row{Title: "Latency in milliseconds (log)", Height: 150, Heads: true, Y: y})
	f.AriaText = "Latency against the share of requests, one panel per variant. " + strings.Join(words, ". ") + "."
	return f
}

// quantilePoints are the points of a spectrum: 1/(1-q) against milliseconds.
func quantilePoints(h *hdr.Histogram) []Point {
	n := float64(h.TotalCount())
	var ps []Point
	for i := 0; ; i++ {
		x := math.Pow(10, float64(i)/perDecade)
		if x >= n {
			return append(ps, Point{n, round(float64(h.Max()) / 1e3)})
		}
		ps = append(ps, Point{round(x), round(float64(h.ValueAtQuantile(100*(1-1/x))) / 1e3)})
	}
}

func quantileRow(variant, name string, h *hdr.Histogram) []string {
	row := []string{variant, name}
	for _, q := range []float64{50, 90, 99, 99.9, 100} {
		row = append(row, si(float64(h.ValueAtQuantile(q))/1e3))
	}
	return append(row, Grouped(float64(h.TotalCount())))
}

// latencyWords are the figures below a column's name.
func (v *variant) latencyWords() string {
	if v.latency == nil || v.latency.TotalCount() == 0 {
		return NotMeasured
	}
	return fmt.Sprintf("p99 %s, max %s", millis(v.latency.ValueAtQuantile(99)), millis(v.latency.Max()))
}

// millis writes microseconds as people say them.
func millis(us int64) string {
	switch ms := float64(us) / 1e3; {
	case ms >= 1000:
		return fmt.Sprintf("%.1f s", ms/1e3)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.2g ms", ms)
	}
}

// spectrumTitle names the longest wait before a send, if one was longer than
// what followed it, else the slowest variant.
func spectrumTitle(vs []variant) string {
	var slow, waited *variant
	var most int64
	ratio := 2.0
	for i := range vs {
		v := &vs[i]
		if v.latency == nil || v.latency.TotalCount() == 0 {
			continue
		}
		p99 := v.latency.ValueAtQuantile(99)
		if slow == nil || p99 > most {
			slow, most = v, p99
		}
		if v.service == nil || v.service.TotalCount() == 0 || p99 < 20_000 { // below 20 ms a wait is the machine's
			continue
		}
		if r := float64(p99) / float64(max(1, v.service.ValueAtQuantile(99))); r > ratio {
			waited, ratio = v, r
		}
	}
	switch {
	case slow == nil:
		return "No latency was measured"
	case waited != nil:
		return fmt.Sprintf("%s: 99 %% of the requests took up to %s from when they were due, of which %s once sent", waited.Name,
			millis(waited.latency.ValueAtQuantile(99)), millis(waited.service.ValueAtQuantile(99)))
	case len(vs) == 1:
		return fmt.Sprintf("99 %% of the requests were answered within %s", millis(most))
	}
	return fmt.Sprintf("99 %% of the requests were answered within %s or less, the slowest with %s", millis(most), slow.Name)
}
