package charttest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// evaluation is a single server that serves requests in turn.
type evaluation struct {
	Case
	law       law.Prediction
	lat       *hdrhistogram.Histogram // from the intended send
	latOK     *hdrhistogram.Histogram // of the requests that succeeded
	latFailed *hdrhistogram.Histogram // of the others
	service   *hdrhistogram.Histogram // from the actual send
	samples   []results.Sample
	expiry    []float64 // of every tuple in TIME_WAIT, in order
	end       float64
	ok, e99   int64
	conns     int64
	peak      int64
	okBefore  *int64
	first     *float64
	collapse  *float64
	recovered *float64
	nearMax   float64
	cpu       float64
	dropped   int64
}

// cost is the server's time per request, in seconds: connect() scans half the
// range beyond its middle, and all of it in vain at its end.
func (e *evaluation) cost() float64 {
	used := len(e.expiry)
	switch {
	case e.Cliff && used >= e.Tuples:
		return 1.0 / failingPerS
	case e.Cliff && used >= e.Tuples/2:
		return 1.0 / collapsedPerS
	}
	return 0.0003
}

func (e *evaluation) run() {
	const tick = 0.1
	var busy float64
	e.end = e.Duration
	next := 0
	var ok99 bool
	seq := uint64(0)
	add := func(s results.Sample) {
		seq++
		s.Seq = seq
		e.samples = append(e.samples, s)
	}
	for n := 1; ; n++ {
		now := float64(n) * tick
		l := results.Load{IntervalS: tick}
		var lats []float64
		var spent float64
		for ; float64(next)/e.RatePerS < min(now, e.end)-1e-9; next++ {
			due := float64(next) / e.RatePerS
			l.Scheduled++
			at := max(due, busy)
			if at-due > 0.08 { // 64 connections cannot hold a longer queue
				l.Dropped++
				e.dropped++
				continue
			}
			for len(e.expiry) > 0 && e.expiry[0] <= at {
				e.expiry = e.expiry[1:]
			}
			took := e.cost()
			busy, spent = at+took, spent+took
			l.Sent++
			failed := l.Failed
			if float64(len(e.expiry)) >= float64(e.Tuples) {
				e.e99++
				l.Failed++
				l.Errors.Error99++
				ok99 = true
				if e.first == nil {
					e.first, e.okBefore = new(at+0.003), new(e.ok)
					if e.Stop > 0 {
						e.end = min(e.end, at+e.Stop)
					}
				}
			} else {
				e.ok++
				l.OK++
				if ok99 && e.recovered == nil && at > hold-1 {
					e.recovered = new(at)
				}
				if e.Churn > 0 {
					e.conns++
					e.expiry = append(e.expiry, at+e.law.HoldS)
					if e.Cliff && e.collapse == nil && len(e.expiry) >= e.Tuples/2 {
						e.collapse = new(at)
					}
				}
			}
			ms := (at - due + took) * 1000 * (1 + 0.35*float64(next*7919%101)/101)
			lats = append(lats, ms)
			part := e.latOK
			if l.Failed > failed {
				part = e.latFailed
			}
			for _, h := range []*hdrhistogram.Histogram{e.lat, part} {
				if err := h.RecordValue(int64(ms * 1000)); err != nil {
					panic(err) // an hour of latency
				}
			}
			if err := e.service.RecordValue(int64(took * 1e6)); err != nil {
				panic(err)
			}
		}
		e.peak = max(e.peak, int64(len(e.expiry)))
		slices.SortFunc(lats, cmp.Compare)
		if len(lats) > 0 {
			l.P50ms, l.P99ms, l.MaxMs = new(lats[len(lats)/2]), new(lats[len(lats)*99/100]), new(lats[len(lats)-1])
		}
		if now <= e.end+tick/2 {
			add(results.Sample{Host: results.HostLoad, T: now, Load: &l})
			near := 0.3 + 0.05*float64(n%7)
			if c := e.cost(); c > 0.001 {
				near = c * 1000 * (8 + float64(n*31%23))
			}
			e.nearMax = max(e.nearMax, near)
			add(results.Sample{
				Host:      results.HostLoad,
				T:         now - 0.05,
				Neighbour: &results.Neighbour{Ms: near, Status: 200},
			})
		}
		e.cpu += spent
		e.observe(now, add)
		if now > e.end+1.5 {
			return
		}
	}
}

func (e *evaluation) observe(now float64, add func(results.Sample)) {
	live := int64(1)
	if e.Churn == 0 {
		live, e.conns, e.peak = 12, 12, 12
	}
	if now > e.end && e.Churn > 0 {
		live = 0
	}
	tw := int64(len(e.expiry))
	socks := []results.Sockets{{Dst: "198.18.0.3:8080", State: results.StateEstablished, N: live},
		{Dst: "198.18.0.3:8080", State: results.StateTimeWait, N: min(tw, int64(e.Tuples)-live)}}
	add(results.Sample{Host: results.HostProxy, T: now,
		Net: &results.Net{Sockets: socks, TimeWait: tw, CPUSeconds: e.cpu, Log: &results.Errors{Error99: e.e99}}})
	add(results.Sample{Host: results.HostBackend, T: now,
		Net: &results.Net{
			Sockets:    []results.Sockets{{Dst: "198.18.0.3:8080", State: results.StateEstablished, N: live}},
			CPUSeconds: e.cpu / 3,
		}})
}

func (e *evaluation) summary() results.Variant {
	sent := e.ok + e.e99
	errs := results.Errors{Error99: e.e99}
	v := results.Variant{
		Name:        e.Name,
		Verdict:     e.Verdict,
		Expected:    e.Verdict,
		AsExpected:  new(true),
		Why:         "As the law says.",
		Collapsed:   e.collapse != nil,
		OfferedPerS: e.RatePerS,
		OptionalCounts: results.OptionalCounts{
			Scheduled: new(sent + e.dropped),
			Sent:      new(sent),
			Late:      new(int64(0)),
			Queued:    new(e.dropped),
			Dropped:   new(e.dropped),
			OK:        new(e.ok),
			Failed:    new(e.e99),
		},
		Unfinished: new(int64(0)),
		Errors:     &errs,
		NginxLog:   &errs,
		FirstError: e.first,
		OKBefore:   e.okBefore,
		CollapseS:  e.collapse,
		RecoveredS: e.recovered,
		LoadEndS:   new(e.end),
		Predicted:  e.law,
		NewConns:   new(e.conns),
		ReuseRatio: new(1 - float64(e.conns)/float64(e.ok)),
		CloseShare: new(e.Churn),
		RhoSteady:  new(e.law.Rho),
		Ports: results.Ports{Usable: new(int64(e.Tuples)),
			PeakUsed: new(e.peak)},
		TimeWait:      results.TimeWait{ProxyPeak: new(int64(float64(e.peak) * e.Churn)), BackendPeak: new(int64(0))},
		Latency:       figures.Quantiles(e.lat, 1000),
		LatencyOK:     figures.Quantiles(e.latOK, 1000),
		LatencyFailed: figures.Quantiles(e.latFailed, 1000),
		Neighbour:     &results.NeighbourMs{P50: 0.4, Max: e.nearMax},
		CPU:           results.CPU{Proxy: new(e.cpu / e.end), Backend: new(e.cpu / 3 / e.end), LoadGen: new(0.05)},
	}
	if e.first != nil && e.law.FirstError99S != nil {
		within := *e.first-*e.law.FirstError99S < 0.05
		v.Checks = append(v.Checks, results.Check{
			ID:        "first_error_99",
			Name:      "first error 99",
			OK:        &within,
			Law:       "K / (f R)",
			Predicted: e.law.FirstError99S,
			Measured:  e.first,
			Text:      fmt.Sprintf("first error 99 at %.3f s, predicted %.3f s", *e.first, *e.law.FirstError99S),
		})
	}
	v.Checks = append(v.Checks, results.Check{
		Name:      "log agrees",
		OK:        new(true),
		Law:       "one line of nginx's log per failed request",
		Predicted: new(float64(e.e99)),
		Measured:  new(float64(e.e99)),
		Text:      "every failed request has its line",
	})
	return v
}

func (e *evaluation) excerpt() []string {
	if e.e99 == 0 {
		return nil
	}
	return []string{`2026/11/23 10:15:02 [crit] 7#7: *1 ` +
		`connect() to 198.18.0.3:8080 failed (99: Cannot assign requested address) while connecting to upstream, ` +
		`client: 198.18.0.4, server: , request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:8080/"`}
}
