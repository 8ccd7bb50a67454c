package chart

import (
	"github.com/lab99/lab99/results"
)

// span is the end of the observation, at least the end of the load.
func (v *variant) span() float64 {
	end := 0.0
	for _, s := range v.Data.Samples {
		end = max(end, s.T)
	}
	if end > 0 && v.LoadEndS != nil {
		end = max(end, *v.LoadEndS)
	}
	return end
}

// faultWindow is the time from the first error 99 to the last failure it
// caused: once nginx has marked its peers down, the rest fail without a
// connect().
func (v *variant) faultWindow() []Span {
	var s Span
	found := false
	v.failures(func(from, to float64, e causes) {
		if e.error99 == 0 && (!found || e.untried == 0) {
			return
		}
		if !found {
			s.From, found = max(0, from), true
		}
		s.To = max(s.To, to)
	})
	if !found {
		return nil
	}
	if v.FirstError != nil {
		s.From = min(*v.FirstError, s.To)
	}
	return []Span{s}
}

// loadRate is a rate of the generator.
func (v *variant) loadRate(name string, m Meaning, width float64, n func(*results.Load) int64) Series {
	b := bins{width: width, one: 1}
	for _, s := range v.Data.Samples {
		if s.Load != nil && s.Load.IntervalS > 0 {
			b.add(s.T-s.Load.IntervalS, s.T, float64(n(s.Load)))
		}
	}
	return Series{Name: name, Meaning: m, Kind: Rate, Hold: width * 1.01, Points: b.rates()}
}

// offered is the rate of the schedule. At a constant rate each request stands
// for the gap that follows it: a sample just after the moment at which one is
// due has counted that one, but of its gap nothing has passed yet.
func (v *variant) offered(width float64) Series {
	rate := v.Plan.RatePerS
	if rate <= 0 || v.Plan.Profile != "" || v.Plan.Random {
		return v.loadRate("offered", offered, width, func(l *results.Load) int64 { return l.Scheduled })
	}
	b := bins{width: width, one: 1}
	due := 0.0
	for _, s := range v.Data.Samples {
		if s.Load != nil {
			n := float64(s.Load.Scheduled)
			b.add(due/rate, (due+n)/rate, n)
			due += n
		}
	}
	return Series{Name: "offered", Meaning: offered, Kind: Rate, Hold: width * 1.01, Points: b.rates()}
}

// failureRate is a rate of failures of one cause.
func (v *variant) failureRate(name string, m Meaning, width float64, n func(causes) float64) Series {
	b := bins{width: width, one: 1}
	v.failures(func(from, to float64, e causes) { b.add(from, to, n(e)) })
	return Series{Name: name, Meaning: m, Kind: Rate, Hold: width * 1.01, Points: b.rates()}
}

// outcomes are the requests per second by what became of them.
func (v *variant) outcomes(width float64) []Series {
	return []Series{
		v.loadRate("ok", ok, width, func(l *results.Load) int64 { return l.OK }),
		v.failureRate("error 99", error99, width, func(e causes) float64 { return e.error99 }),
		v.failureRate(v.Untried(), noLive, width, func(e causes) float64 { return e.untried }),
		v.failureRate("other errors", otherError, width, func(e causes) float64 { return e.other }),
		v.loadRate("never sent", neverSent, width, func(l *results.Load) int64 { return l.Dropped }),
	}
}

// cores is the processor use of the servers on a host. The kernel accounts it
// in ticks of 10 ms, of which a tenth of a second holds too few for a rate.
func (v *variant) cores(host string, width float64) Series {
	width = max(width, 0.5)
	b := bins{width: width, one: 0.01}
	var last *results.Sample
	for i := range v.Data.Samples {
		s := &v.Data.Samples[i]
		if s.Host != host || s.Net == nil {
			continue
		}
		if last != nil {
			b.add(last.T, s.T, s.Net.CPUSeconds-last.Net.CPUSeconds)
		}
		last = s
	}
	return Series{Name: v.ProxyName(), Meaning: cpu, Kind: Rate, Hold: width * 1.01, Points: b.rates()}
}

// worst keeps one sample of each bin, the one that ranks highest: a real
// moment, never a mixture, and never the one that flatters.
func (v *variant) worst(width float64, rank func(*results.Sample) (float64, bool)) []*results.Sample {
	var kept []*results.Sample
	var best float64
	bin := -1
	for i := range v.Data.Samples {
		s := &v.Data.Samples[i]
		r, there := rank(s)
		if !there || s.T < 0 {
			continue
		}
		switch b := int(s.T / width); {
		case b != bin:
			kept, best, bin = append(kept, s), r, b
		case r > best:
			kept[len(kept)-1], best = s, r
		}
	}
	return kept
}

// level plots one number of the kept samples. The hold bridges a skipped
// sample or two; what is longer was not observed.
func level(
	name string, m Meaning, k Kind, width float64, kept []*results.Sample, y func(*results.Sample) *float64,
) Series {
	s := Series{Name: name, Meaning: m, Kind: k, Hold: max(1, 3.5*width)}
	if k == Line {
		s.Hold = 2.5 * width
	}
	for _, smp := range kept {
		if v := y(smp); v != nil {
			s.Points = append(s.Points, Point{round(smp.T), round(*v)})
		}
	}
	return s
}

// sockets keeps the samples that listed nginx's sockets.
func (v *variant) sockets(width float64) []*results.Sample {
	return v.worst(width, func(s *results.Sample) (float64, bool) {
		if !s.ListsProxySockets() {
			return 0, false
		}
		return float64(s.Net.Count("")), true
	})
}

// states are the proxy's sockets towards its upstreams.
func (v *variant) states(width float64) []Series {
	kept := v.sockets(width)
	count := func(state string) func(*results.Sample) *float64 {
		return func(s *results.Sample) *float64 {
			return new(float64(s.Net.Count(state)))
		}
	}
	return []Series{
		level("time-wait", timeWait, Level, width, kept, count(results.StateTimeWait)),
		level("established", established, Level, width, kept, count(results.StateEstablished)),
		level("other states", otherState, Level, width, kept, func(s *results.Sample) *float64 {
			return new(float64(s.Net.Count("") - s.Net.Count(results.StateTimeWait) -
				s.Net.Count(results.StateEstablished)))
		}),
	}
}

// inUse are the tuples taken, whatever their state.
func (v *variant) inUse(width float64) Series {
	return level("ports in use", timeWait, Level, width, v.sockets(width), func(s *results.Sample) *float64 {
		return new(float64(s.Net.Count("")))
	})
}

// latencies are the quantiles of the worst sample of each bin (quantiles of
// different samples cannot be averaged), and the neighbour's worst request.
func (v *variant) latencies(width float64) []Series {
	kept := v.worst(width, func(s *results.Sample) (float64, bool) {
		if s.Load == nil || s.Load.P99ms == nil {
			return 0, false
		}
		return *s.Load.P99ms, true
	})
	near := func(failed bool) []*results.Sample {
		return v.worst(width, func(s *results.Sample) (float64, bool) {
			if s.Neighbour == nil || failed != s.Neighbour.Failed() {
				return 0, false
			}
			return s.Neighbour.Ms, true
		})
	}
	ms := func(s *results.Sample) *float64 { return &s.Neighbour.Ms }
	all := []Series{
		level("p50", p50, Line, width, kept, func(s *results.Sample) *float64 { return s.Load.P50ms }),
		level("p99", p99, Line, width, kept, func(s *results.Sample) *float64 { return s.Load.P99ms }),
		level("max", maximum, Line, width, kept, func(s *results.Sample) *float64 { return s.Load.MaxMs }),
		level("neighbour", neighbour, Line, width, near(false), ms),
	}
	if failed := level("neighbour failed", neighbour, Dots, width, near(true), ms); len(failed.Points) > 0 {
		all = append(all, failed)
	}
	return all
}

// top is the highest plotted value.
func top(all ...Series) float64 {
	m := 0.0
	for _, s := range all {
		for _, p := range s.Points {
			m = max(m, p.Y)
		}
	}
	return m
}

// visible leaves out the series that never leave 0, so that a panel and its key
// show only what there is to see; the first is always kept.
func visible(all []Series) []Series {
	kept := all[:1:1]
	for _, s := range all[1:] {
		if top(s) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}
