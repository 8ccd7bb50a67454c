package report

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

//go:embed postmortem.md.tmpl
var postmortemTemplate string

// markdown writes the draft of a postmortem: what the run knows is filled in,
// what only people know is a marked blank.
func (p *page) markdown(w io.Writer) error {
	t, err := template.New("postmortem").Funcs(template.FuncMap{
		"count": count, "secs": secs, "ratio": ratio, "ms": ms, "expected": expected, "cell": cell,
		"grouped": func(n int64) string { return chart.Grouped(float64(n)) },
		"blank":   func(what string) string { return "_Fill in: " + what + "_" },
		"failure": p.failure, "timeline": timeline,
	}).Parse(postmortemTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// cell makes text safe between the bars of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}

// failure is the variant the postmortem is about: the first that failed, else
// the first.
func (p *page) failure() *variant {
	for i := range p.Variants {
		if v := &p.Variants[i]; v.FirstError != nil || v.Collapsed {
			return v
		}
	}
	return &p.Variants[0]
}

// moment is a line of the timeline.
type moment struct {
	at   float64 // seconds on the load's clock
	UTC  string
	What string
}

// T is the moment on the load's clock.
func (m moment) T() string { return chart.Seconds(m.at) }

// timeline is what happened to a variant, in order.
func timeline(v *variant) []moment {
	var ms []moment
	add := func(at *float64, what string) {
		if at != nil {
			ms = append(ms, moment{at: *at, What: what})
		}
	}
	if v.Data != nil && len(v.Data.Samples) > 0 {
		zero := 0.0
		add(&zero, fmt.Sprintf("load starts: %s requests per second offered", chart.Grouped(v.OfferedPerS)))
		full, k := firstFull(v.Data.Samples, v.Predicted.Tuples)
		add(full, fmt.Sprintf("%s of %s tuples are taken, as sampled: the plateau", chart.Grouped(float64(k)), chart.Grouped(float64(v.Predicted.Tuples))))
		peak, rate := errorPeak(v.Data.Samples)
		add(peak, fmt.Sprintf("errors peak at %s per second", chart.Grouped(rate)))
		add(lastError(v.Data.Samples), "last error 99")
	}
	add(v.CollapseS, "throughput collapses: half the range is taken and connect() has to scan")
	add(v.FirstError, "first error 99")
	add(v.LoadEndS, "load ends")
	add(v.RecoveredS, "recovery: requests succeed again")
	slices.SortStableFunc(ms, func(a, b moment) int { return int(1e6 * (a.at - b.at)) })
	start, known := v.Data.Start()
	for i := range ms {
		ms[i].UTC = "not recorded"
		if known {
			ms[i].UTC = start.Add(time.Duration(ms[i].at * float64(time.Second))).Format("2006-01-02 15:04:05.000")
		}
	}
	return ms
}

// firstFull is when the table was as good as full: 99 % of K, as the sampler
// never meets the very last tuple.
func firstFull(samples []results.Sample, k int) (at *float64, n int64) {
	for i := range samples {
		s := &samples[i]
		if s.Host != results.HostProxy || s.Net == nil || k == 0 {
			continue
		}
		if n = s.Net.Count(""); float64(n) >= 0.99*float64(k) {
			return &s.T, n
		}
	}
	return nil, 0
}

// errorPeak is the second with the most errors. Single samples would crown
// the jitter of the sampler.
func errorPeak(samples []results.Sample) (at *float64, perS float64) {
	sums := map[int]float64{}
	for _, s := range samples {
		if s.Load != nil {
			sums[int(s.T)] += float64(s.Load.Errors.Total())
		}
	}
	for sec := range len(sums) { // in order, so that of two peaks the first wins
		if sums[sec] > perS {
			t := float64(sec)
			at, perS = &t, sums[sec]
		}
	}
	return at, perS
}

func lastError(samples []results.Sample) (at *float64) {
	for i := range samples {
		if l := samples[i].Load; l != nil && l.Errors.Error99 > 0 {
			at = &samples[i].T
		}
	}
	return at
}

// Cause says in numbers why a variant had to fail, or why not.
func (v variant) Cause() string {
	p := v.Predicted
	f := "not measured"
	if v.CloseShare != nil {
		f = strconv.FormatFloat(*v.CloseShare, 'f', 2, 64)
	}
	s := fmt.Sprintf("nginx had K = %s tuples (source port, destination) towards the backend. A tuple whose connection nginx closed first stays in TIME_WAIT for about %s s; the share so closed was f = %s. ",
		chart.Grouped(float64(p.Tuples)), number(&p.HoldS), f)
	if v.ReuseRatio != nil {
		s += fmt.Sprintf("%.1f %% of the requests reused an upstream connection. ", 100**v.ReuseRatio)
	}
	if v.RhoSteady != nil {
		s += fmt.Sprintf("At %s requests per second that makes a load factor of ρ = %s (above 1 the table fills). ", chart.Grouped(v.OfferedPerS), ratio(v.RhoSteady))
	}
	if v.Collapsed {
		s += "With half the range taken, connect() has to scan the taken half for a free port; each call costs milliseconds of processor time, and throughput collapses before any error shows. "
	}
	if v.FirstError != nil {
		s += "With no tuple left, connect() fails with EADDRNOTAVAIL (99), nginx logs it and answers 502. Failed attempts take no tuple; the outage lasts until the TIME_WAITs that filled the table end."
	}
	return strings.TrimSpace(s)
}

// Figure is the figure with that ID, or the comparison.
func (p *page) Figure(id string) chart.Figure {
	for _, f := range p.Figures {
		if f.ID == id {
			return f
		}
	}
	return p.Figures[0]
}
