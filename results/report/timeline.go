package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

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
		half, k := firstTaken(v.Data.Samples, v.Predicted.Tuples, 0.5)
		add(half, fmt.Sprintf("half of the tuples are taken (%s of %s): from here on connect() has to search", chart.Grouped(float64(k)), v.K()))
		// The sampler never meets the very last tuple.
		full, k := firstTaken(v.Data.Samples, v.Predicted.Tuples, 0.99)
		add(full, fmt.Sprintf("%s of %s tuples are taken, as sampled: the plateau", chart.Grouped(float64(k)), v.K()))
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

// firstTaken is when a share of the K tuples was first seen taken.
func firstTaken(samples []results.Sample, k int, share float64) (at *float64, n int64) {
	for i := range samples {
		s := &samples[i]
		if s.Host != results.HostProxy || s.Net == nil || k == 0 {
			continue
		}
		if n = s.Net.Count(""); float64(n) >= share*float64(k) {
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
