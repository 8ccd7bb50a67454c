package loadgen

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The limits of a run, as Result.Bottleneck names them.
const (
	LimitGenerator = "generator"
	LimitTarget    = "target"
	LimitNone      = "none"
)

// judge says whose limit the run met. The generator is blamed for what it did:
// requests it sent late, a core it used up, ports or descriptors it ran out of.
// A tail of its lateness that made no request late is a figure, not a verdict.
func (r *Result) judge() {
	r.Bottleneck, r.Why = r.limit()
}

func (r *Result) limit() (who, why string) {
	elapsed := r.Elapsed()
	if r.OwnLimit != "" {
		return LimitGenerator, r.OwnLimit
	}
	if r.Sent == 0 || elapsed <= 0 {
		return LimitNone, "nothing was sent"
	}
	cores := float64(r.CPUUser+r.CPUSys) / float64(elapsed) / float64(r.Loops)
	share := func(n int64) float64 { return 100 * float64(n) / float64(r.Scheduled) }
	if r.Mode == Closed {
		if cores > 0.9 {
			return LimitGenerator, fmt.Sprintf("its event loops used %.0f %% of a core each", 100*cores)
		}
		return LimitTarget, fmt.Sprintf("the event loops had %.0f %% of a core to spare", 100*(1-cores))
	}
	late := share(r.Late) > 1
	switch {
	case share(r.Queued) > 0.1 && !(late && r.Late > r.Queued): // what it was late to read looks busy
		// Connections all busy because the loop had no time to read the
		// answers looks the same from the inside; the CPU tells them apart.
		if r.Mode != Spin && cores > 0.9 {
			return LimitGenerator, fmt.Sprintf("its event loops used %.0f %% of a core each, "+
				"and %d requests waited for a connection", 100*cores, r.Queued)
		}
		return LimitTarget, fmt.Sprintf("%.2f %% of the requests found all %d connections busy",
			share(r.Queued), r.Connections)
	case late:
		return LimitGenerator, fmt.Sprintf("%.2f %% of the requests were sent over 10 ms late "+
			"though a connection was free",
			share(r.Late))
	case r.OK == 0:
		return LimitNone, "no request succeeded, which tells of no limit"
	}
	return LimitNone, fmt.Sprintf("the schedule was met: lateness %s, %.0f %% of a core", tail(r.Lateness), 100*cores)
}

// Enough tells whether a percentile of n values is more than the highest of them
// under another name: at least one lies above it.
func Enough(n int64, percent float64) bool { return float64(n)*(100-percent) >= 100-1e-9 }

// tail words the p99 of a histogram, or, of too few values for one, the highest.
func tail(h *hdrhistogram.Histogram) string {
	n := h.TotalCount()
	worst := time.Duration(h.Max()).Round(time.Microsecond)
	switch {
	case n == 0:
		return "unknown, as no request found a connection free"
	case !Enough(n, 99):
		return fmt.Sprintf("%v at worst of %d", worst, n)
	}
	return fmt.Sprintf("p99 %v", quantile(h, 99).Round(time.Microsecond))
}

// Little is the mean latency times the rate of completion, over the number of
// connections. In Closed mode, where every connection always has a request on
// it, Little's law makes it 1; less says that connections stood idle (the
// generator was too slow to reuse them, or the target refused them).
func (r *Result) Little() float64 {
	// Over the drain too: requests that end in it were under way before.
	took := max(r.EndNs, r.DoneNs) - r.StartNs
	if took <= 0 || r.Connections == 0 {
		return 0
	}
	rate := float64(r.OK+r.Failed) / float64(took)
	return r.Latency.Mean() * rate / float64(r.Connections)
}
