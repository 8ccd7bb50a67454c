package openmetrics

import (
	"math"
	"slices"

	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// thin leaves one sample of a kind per second and host, in time's order. Of
// levels and of what is cumulative the last is kept; what the generator did is
// added up, so that no request is lost.
func thin(all []results.Sample) []results.Sample {
	type second struct {
		slot
		at float64
	}
	at := map[second]int{} // where in kept
	var kept []results.Sample
	for _, s := range all {
		k := second{slotOf(s), math.Floor(s.T)}
		i, seen := at[k]
		if !seen || k.kind == single {
			at[k] = len(kept)
			kept = append(kept, s)
			continue
		}
		kept[i] = after(kept[i], s)
	}
	slices.SortStableFunc(kept, byTime)
	return kept
}

// slot is what a sample is of. Of the samples in one the last says all, but for single ones.
type slot struct {
	host string
	kind int
}

const (
	single = iota // tries and requests
	ofLoad
	ofSockets
	ofCounters
)

func slotOf(s results.Sample) slot {
	switch {
	case s.Load != nil:
		return slot{s.Host, ofLoad}
	case s.Net != nil && s.Net.Sockets != nil:
		return slot{s.Host, ofSockets}
	case s.Net != nil:
		return slot{s.Host, ofCounters}
	}
	return slot{s.Host, single}
}

// after is the sample that says what both of a slot do.
func after(a, b results.Sample) results.Sample {
	if b.Load != nil {
		b.Load = plus(*a.Load, *b.Load)
	}
	return b
}

// plus adds what was done to what was done before; levels and quantiles are
// those of the later, and the highest latency that of both.
func plus(a, b results.Load) *results.Load {
	b.IntervalS += a.IntervalS
	figures.Add(&b.Counts, &a.Counts)
	b.Errors.Error99 += a.Errors.Error99
	b.Errors.NoLiveUpstreams += a.Errors.NoLiveUpstreams
	b.Errors.Other += a.Errors.Other
	if a.MaxMs != nil && (b.MaxMs == nil || *a.MaxMs > *b.MaxMs) {
		b.MaxMs = a.MaxMs
	}
	return &b
}
