package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/lab99/lab99/internal/format"
)

// perDecade is how many points of a spectrum lie between 90 % and 99 %.
const perDecade = 12

// spectrum is the whole distribution of latencies, one column per variant: the
// rarer the request, the further right. What lies between the two lines is the
// wait before the send, which a generator that counts from the actual send
// does not see. Where nothing was timed there is no figure.
func spectrum(vs []variant) *Figure {
	f := &Figure{ID: "latency-spectrum", Title: spectrumTitle(vs), Subtitle: spectrumSubtitle(vs),
		Table: Table{Header: []string{"variant", "from", "p50 (ms)", "p90 (ms)", "p99 (ms)", "p99.9 (ms)", "max (ms)",
			"replies", "never replied to"}}}
	var panels []Panel
	var all []Series
	x := Axis{Log: true, Quantile: true, Min: 1, Max: 100, Label: "share of the requests that took at most so long"}
	var words []string
	for i := range vs {
		v := &vs[i]
		p := Panel{Variant: v.Name, Head: v.Name, SubHead: v.latencyWords()}
		for _, of := range v.timed() {
			missing := v.Unanswered()
			if of.meaning == lostShare {
				missing = 0 // they are no failures of the target's
			}
			s := Series{Name: of.name, Meaning: of.meaning, Kind: Line, Hold: float64(of.h.TotalCount() + missing),
				Points: quantilePoints(of.h, missing)}
			x.Max = max(x.Max, s.Points[len(s.Points)-1].X)
			p.Series, all = append(p.Series, s), append(all, s)
			row := append(quantileRow(v.Name, of.name, of.h), format.Grouped(float64(missing)))
			f.Table.Rows = append(f.Table.Rows, row)
		}
		if len(p.Series) == 0 {
			p.Empty = format.NotMeasured
			f.Table.Rows = append(f.Table.Rows, append([]string{v.Name, "latency"},
				slices.Repeat([]string{format.NotMeasured}, len(f.Table.Header)-2)...))
		}
		words = append(words, v.Name+": "+p.SubHead)
		panels = append(panels, p)
	}
	if len(all) == 0 {
		return nil
	}
	y := decades(all)
	for i := range panels {
		panels[i].X = x
	}
	f.Rows = rows(panels, Row{Title: "Latency in milliseconds (log)", Height: 150, Heads: true, Y: y})
	f.AriaText = "Latency against the share of requests, one panel per variant. " + strings.Join(words, ". ") + "."
	return f
}

// drawn is a histogram as it is drawn.
type drawn struct {
	h       *hdr.Histogram
	name    string
	meaning Meaning
}

// timed are the histograms of a variant that hold anything: the latency of the
// requests that succeeded, beside it that of those that failed, and the service
// time of both.
func (v *variant) timed() []drawn {
	all := []drawn{{v.latency(), "latency", intended}, {v.Data.Service, "service time", serviceTime}}
	if v.failedApart() {
		all = append(all, drawn{v.Data.LatencyFailed, "latency of failures", lostShare})
	}
	return slices.DeleteFunc(all, func(d drawn) bool { return d.h == nil || d.h.TotalCount() == 0 })
}

// apart says whether the generator told the latency of successes from that of
// failures.
func (v *variant) apart() bool { return v.Data.LatencyOK != nil && v.Data.Latency != nil }

// failedApart says whether some failed, and are apart.
func (v variant) failedApart() bool { return v.apart() && v.Failed != nil && *v.Failed > 0 }

// latency is that of the requests that succeeded, or where they were not told
// apart that of all.
func (v *variant) latency() *hdr.Histogram {
	if v.apart() {
		return v.Data.LatencyOK
	}
	return v.Data.Latency
}

// spectrumSubtitle says how to read the lines. In a run of an older lab99 the
// failed are among the replies: an error page comes fast, and flatters.
func spectrumSubtitle(vs []variant) string {
	s := "Solid: from the intended send time. "
	if slices.ContainsFunc(vs, variant.failedApart) {
		s = "Solid: from the intended send time, of requests that succeeded; orange: of those that failed. "
	}
	if slices.ContainsFunc(vs, func(v variant) bool { return v.Data.Service != nil }) {
		s += "Dashed: service time, from the actual send. "
	} else {
		s += "Service time was not stored with this run. "
	}
	var failed, cut []string
	for i := range vs {
		v := &vs[i]
		if v.latency() == nil || v.latency().TotalCount() == 0 {
			continue
		}
		if n := v.Failed; n != nil && *n > 0 && !v.apart() {
			failed = append(failed, fmt.Sprintf("%s with %s", part(*n, v.latency().TotalCount()), v.Name))
		}
		if n := v.Unanswered(); n > 0 {
			cut = append(cut, fmt.Sprintf("%s with %s", part(n, n+v.Data.Latency.TotalCount()), v.Name))
		}
	}
	if len(failed) > 0 {
		s += "Among the replies are those of failed requests, mostly fast 502s: " + format.List(failed) + ". "
	}
	if len(cut) > 0 {
		s += "Never sent, or without a reply, and so beyond the line's end: " + format.List(cut) + ". "
	}
	return s + fmt.Sprintf("Both scales are logarithmic; %d points a decade, the last is the maximum.", perDecade)
}

func part(n, whole int64) string { return format.Percent(float64(n) / float64(whole)) }

// quantilePoints are the points of a spectrum: 1/(1-q) against milliseconds,
// where q is a share of all that were due. The slowest of them are those that
// are missing, since they took longer than any in the histogram: the line ends
// before them.
func quantilePoints(h *hdr.Histogram, missing int64) []Point {
	n := float64(h.TotalCount())
	due := n + float64(missing)
	end := due // of the slowest there is one
	if missing > 0 {
		end = due / float64(missing)
	}
	var ps []Point
	for i := 0; ; i++ {
		x := math.Pow(10, float64(i)/perDecade)
		if x >= end {
			return append(ps, Point{round(end), round(float64(h.Max()) / 1e3)})
		}
		ps = append(ps, Point{round(x), round(float64(h.ValueAtQuantile(100*(1-1/x)*due/n)) / 1e3)})
	}
}

func quantileRow(variant, name string, h *hdr.Histogram) []string {
	row := []string{variant, name}
	for _, q := range []float64{50, 90, 99, 99.9, 100} {
		row = append(row, si(float64(h.ValueAtQuantile(q))/1e3))
	}
	return append(row, format.Grouped(float64(h.TotalCount())))
}

// latencyWords are the figures below a column's name.
func (v *variant) latencyWords() string {
	if v.latency() == nil || v.latency().TotalCount() == 0 {
		return format.NotMeasured
	}
	words := fmt.Sprintf("p99 %s, max %s", millis(v.latency().ValueAtQuantile(99)), millis(v.latency().Max()))
	if n := v.Unanswered(); n > 0 {
		words = fmt.Sprintf("of the replies p99 %s, max %s; %s had none", millis(v.latency().ValueAtQuantile(99)),
			millis(v.latency().Max()), part(n, n+v.Data.Latency.TotalCount()))
	}
	return words
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
// what followed it; else the slowest variant, if it is clearly that; else what
// they all took. Where requests never got a reply, that comes first.
func spectrumTitle(vs []variant) string {
	var waited, censored, slow *variant
	var all []int64 // the variants' p99
	ratio, most := 2.0, int64(0)
	for i := range vs {
		v := &vs[i]
		if v.latency() == nil || v.latency().TotalCount() == 0 {
			continue
		}
		p99, both := v.latency().ValueAtQuantile(99), v.Data.Latency.ValueAtQuantile(99) // the service time is of both
		if len(all) == 0 || p99 > slices.Max(all) {
			slow = v
		}
		all = append(all, p99)
		if n := v.Unanswered(); n > most {
			censored, most = v, n
		}
		// Below 20 ms a wait is the machine's.
		if v.Data.Service == nil || v.Data.Service.TotalCount() == 0 || both < 20_000 {
			continue
		}
		if r := float64(both) / float64(max(1, v.Data.Service.ValueAtQuantile(99))); r > ratio {
			waited, ratio = v, r
		}
	}
	if len(all) == 0 {
		return "No latency was measured"
	}
	first := ""
	if censored != nil {
		first = fmt.Sprintf("%s: %s of the requests never got a reply. ", censored.Name,
			part(most, most+censored.Data.Latency.TotalCount()))
	}
	slices.Sort(all)
	n, replies := len(all), "replies"
	if slices.ContainsFunc(vs, variant.failedApart) {
		replies = "successful replies"
	}
	switch {
	case waited != nil:
		if waited != censored {
			first += waited.Name + ": "
		}
		return first + fmt.Sprintf("99 %% of the replies came within %s of the intended send time, "+
			"and within %s of the actual send",
			millis(waited.Data.Latency.ValueAtQuantile(99)), millis(waited.Data.Service.ValueAtQuantile(99)))
	case n > 1 && all[n-1] >= 2*all[n-2]:
		return first + fmt.Sprintf("99 %% of the %s took up to %s with %s, no more than %s with %s",
			replies, millis(all[n-1]),
			slow.Name, millis(all[n-2]), others(n-1))
	case millis(all[0]) == millis(all[n-1]):
		return first + fmt.Sprintf("99 %% of the %s came within %s", replies, millis(all[0]))
	}
	return first + fmt.Sprintf("99 %% of the %s came within %s to %s, depending on the variant",
		replies, millis(all[0]), millis(all[n-1]))
}

func others(n int) string {
	if n == 1 {
		return "the other"
	}
	return "the others"
}
