package loadgen

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/loadgen/figures"
)

// Hlog writes the latency of each interval in HdrHistogram's log format, which
// HistogramLogAnalyzer, hdr-plot and the like read.
type Hlog struct {
	w    *hdrhistogram.HistogramLogWriter
	base time.Time
}

// NewHlog writes the log's beginning. start is the moment the intervals count
// from.
func NewHlog(to io.Writer, start time.Time) (*Hlog, error) {
	w := hdrhistogram.NewHistogramLogWriter(to)
	ms := start.UnixMilli()
	w.SetBaseTime(ms)
	for _, write := range []func() error{
		w.OutputLogFormatVersion,
		func() error { return w.OutputStartTime(ms) },
		w.OutputLegend,
	} {
		if err := write(); err != nil {
			return nil, fmt.Errorf("writing the histogram log: %w", err)
		}
	}
	return &Hlog{w, start}, nil
}

// Interval writes one line. It is to be called within OnSnapshot; end is when
// the snapshot's interval ended.
func (h *Hlog) Interval(s *Snapshot, end time.Time) error {
	s.Latency.SetStartTimeMs(end.Add(-s.Interval).UnixMilli())
	s.Latency.SetEndTimeMs(end.UnixMilli())
	if err := h.w.OutputIntervalHistogram(s.Latency); err != nil {
		return fmt.Errorf("writing the histogram log: %w", err)
	}
	return nil
}

// WriteOpenMetrics writes r as an OpenMetrics 1.0 exposition, for a textfile
// collector or a push gateway. Label values are causes and codes, all of small
// fixed sets.
func (r *Result) WriteOpenMetrics(to io.Writer) error {
	var b strings.Builder
	counter := func(name, help string) {
		fmt.Fprintf(&b, "# TYPE %s counter\n# HELP %s %s\n", name, name, help)
	}
	counter("lab99_load_requests", "Requests by outcome: scheduled = sent + dropped, sent = ok + failed + unfinished.")
	outcome := func(name string, n int64) { fmt.Fprintf(&b, "lab99_load_requests_total{outcome=%q} %d\n", name, n) }
	for name, n := range figures.All(r.Counts) {
		outcome(name.JSON, n)
	}
	outcome("unfinished", r.Unfinished)
	counter("lab99_load_failures", "Failed requests by cause.")
	for _, cause := range slices.Sorted(maps.Keys(r.Causes)) {
		fmt.Fprintf(&b, "lab99_load_failures_total{cause=%q} %d\n", cause, r.Causes[cause])
	}
	counter("lab99_load_responses", "Complete responses by status code.")
	for _, code := range slices.Sorted(maps.Keys(r.Status)) {
		fmt.Fprintf(&b, "lab99_load_responses_total{code=\"%d\"} %d\n", code, r.Status[code])
	}
	counter("lab99_load_connections", "Connections established.")
	fmt.Fprintf(&b, "lab99_load_connections_total %d\n", r.ConnectionsOpened)
	counter("lab99_load_retries", "Requests sent once more, as their kept-alive connection had ended.")
	fmt.Fprintf(&b, "lab99_load_retries_total %d\n", r.Retried)
	counter("lab99_load_cpu_seconds", "Processor time of the event loops.")
	fmt.Fprintf(&b, "lab99_load_cpu_seconds_total %v\n", (r.CPUUser + r.CPUSys).Seconds())
	for _, h := range []struct {
		name, help string
		h          *hdrhistogram.Histogram
	}{
		{"lab99_load_latency_seconds", "From the intended send time to the last byte.", r.Latency},
		{"lab99_load_latency_ok_seconds", "The same of requests that succeeded.", r.LatencyOK},
		{"lab99_load_latency_failed_seconds", "The same of requests that failed.", r.LatencyFailed()},
		{"lab99_load_service_seconds", "From the actual send to the last byte.", r.Service},
		{"lab99_load_lateness_seconds", "From the intended to the actual send, of requests not queued.", r.Lateness},
		{"lab99_load_connect_seconds", "Of connections established.", r.Connect},
	} {
		fmt.Fprintf(&b, "# TYPE %s summary\n# UNIT %s seconds\n# HELP %s %s\n", h.name, h.name, h.name, h.help)
		if h.h.TotalCount() > 0 {
			for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 1} {
				fmt.Fprintf(&b, "%s{quantile=\"%v\"} %v\n", h.name, q, quantile(h.h, 100*q).Seconds())
			}
		}
		fmt.Fprintf(&b, "%s_count %d\n", h.name, h.h.TotalCount())
	}
	b.WriteString("# EOF\n")
	if _, err := io.WriteString(to, b.String()); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}
