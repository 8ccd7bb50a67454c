package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// moment is a line of the timeline.
type moment struct {
	at   float64 // seconds on the load's clock
	UTC  string
	What string
}

// T is the moment on the load's clock.
func (m moment) T() string { return format.Seconds(m.at) }

// timeline is what happened to a variant, in order.
func timeline(v *variant) []moment {
	var ms []moment
	add := func(at *float64, what string) {
		if at != nil {
			ms = append(ms, moment{at: *at, What: what})
		}
	}
	if len(v.Data.Samples) > 0 {
		zero := 0.0
		add(&zero, fmt.Sprintf("load starts: %s %s per second offered", format.Grouped(v.OfferedPerS), v.Loads()))
		half, k := firstTaken(&v.Data, v.Predicted.Tuples, 0.5)
		add(half, fmt.Sprintf("half of the tuples are taken (%s of %s): from here on connect() has to search",
			format.Grouped(k), v.K()))
		// The sampler never meets the very last tuple.
		full, k := firstTaken(&v.Data, v.Predicted.Tuples, 0.99)
		add(full, fmt.Sprintf("%s of %s tuples are taken, as sampled: the plateau", format.Grouped(k), v.K()))
		first, last := failures(v.Data.Samples)
		if v.FirstError == nil {
			add(first, "first failure, of another kind than error 99")
		}
		peak, rate := errorPeak(v.Data.Samples)
		add(peak, fmt.Sprintf("failures peak at %s per second", format.Grouped(rate)))
		add(last, "last failure")
		if v.RecoveredS != nil {
			what := "recovery: requests succeed again"
			if last != nil && *last > *v.RecoveredS+1 {
				what = "ports come back for a while: requests succeed again, until they are used up once more"
			}
			add(v.RecoveredS, what)
		}
	} else {
		add(v.RecoveredS, "requests succeed again")
	}
	add(v.CollapseS, "throughput collapses: half the range is taken and connect() has to scan")
	add(v.FirstError, "first error 99")
	ends := "load ends"
	early := v.LoadEndS != nil && *v.LoadEndS < v.Plan.DurationS-0.5
	if after := v.Plan.StopAfterS; after != nil && v.FirstError != nil && early {
		ends = fmt.Sprintf("load ends, %s after the first error 99 as the scenario has it",
			format.Seconds(*v.LoadEndS-*v.FirstError))
	}
	add(v.LoadEndS, ends)
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

// firstTaken is when a share of the K tuples was first seen taken.
func firstTaken(data *results.VariantData, k int, share float64) (at *float64, n int64) {
	for s := range data.ProxySockets() {
		if n = s.Net.Count(""); k > 0 && float64(n) >= share*float64(k) {
			return &s.T, n
		}
	}
	return nil, 0
}

// errorPeak is the highest rate of failures over a second, and when that began.
// Single samples would crown the jitter of the sampler, and a second that is
// sampled in part is judged by that part.
func errorPeak(samples []results.Sample) (at *float64, perS float64) {
	type second struct{ failures, covered float64 }
	seconds := map[int]second{}
	for _, s := range samples {
		if s.Load == nil {
			continue
		}
		i := int(math.Floor(s.T - s.Load.IntervalS/2))
		x := seconds[i]
		seconds[i] = second{x.failures + float64(s.Load.Errors.Total()), x.covered + s.Load.IntervalS}
	}
	for _, i := range slices.Sorted(maps.Keys(seconds)) { // in order, so that of two peaks the first wins
		x := seconds[i]
		if x.covered < 0.5 {
			continue
		}
		if rate := x.failures / x.covered; rate > 1.02*perS {
			t := float64(i)
			at, perS = &t, rate
		}
	}
	return at, perS
}

// failures are the moments of the first and the last failure of any kind, as
// sampled.
func failures(samples []results.Sample) (first, last *float64) {
	for i := range samples {
		if l := samples[i].Load; l != nil && l.Errors.Total() > 0 {
			if first == nil {
				first = &samples[i].T
			}
			last = &samples[i].T
		}
	}
	return first, last
}
