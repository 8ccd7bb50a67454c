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
	type slot struct {
		second float64
		host   string
		kind   int
	}
	at := map[slot]int{} // where in kept
	var kept []results.Sample
	for _, s := range all {
		k := slot{math.Floor(s.T), s.Host, 0}
		switch {
		case s.Load != nil:
			k.kind = 1
		case s.Net != nil && s.Net.Sockets != nil:
			k.kind = 2
		case s.Net != nil:
			k.kind = 3
		default: // single tries and requests
			kept = append(kept, s)
			continue
		}
		i, seen := at[k]
		if !seen {
			at[k] = len(kept)
			kept = append(kept, s)
			continue
		}
		if s.Load != nil {
			s.Load = plus(*kept[i].Load, *s.Load)
		}
		kept[i] = s
	}
	slices.SortStableFunc(kept, byTime)
	return kept
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
