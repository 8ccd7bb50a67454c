package law

import (
	"math"
	"testing"
	"time"
)

// fillsIn is 200 ports at 60 connections a second: full after 3.33 s.
func fillsIn(c Conduct) Setup {
	return Setup{Ports: 200, RatePerS: 60, CloseShare: 1, Duration: 12 * time.Second}.By(c).Complete()
}

// TestConductsAsMeasured holds the laws to the table of docs/proxies.md: 200 ports, 60
// requests a second, six kinds of proxy.
func TestConductsAsMeasured(t *testing.T) {
	for _, tc := range []struct {
		name    string
		conduct Conduct
		change  func(*Setup)
		first   float64 // 0: never
		tuples  int
	}{
		{"HAProxy, http: resets", Conduct{Resets: true, CloseShare: 1, Tries: 4}, nil, 0, 200},
		{"HAProxy, tcp", Conduct{CloseShare: 1, Tries: 4}, nil, 3.333, 200},
		{"HAProxy, ten ports of its own", Conduct{CloseShare: 1, OwnPorts: 10}, nil, 0, 10},
		{
			name:    "its own ports without timestamps",
			conduct: Conduct{CloseShare: 1, OwnPorts: 10},
			change:  func(s *Setup) { s.NoTimestamps = true },
			first:   0.167,
			tuples:  10,
		},
		{
			name:    "its own ports, two destinations",
			conduct: Conduct{CloseShare: 1, OwnPorts: 10},
			change:  func(s *Setup) { s.NoTimestamps, s.Destinations = true, 2 },
			first:   0.333,
			tuples:  20,
		},
		{
			name:    "more under way than ports of its own",
			conduct: Conduct{CloseShare: 1, OwnPorts: 10},
			change:  func(s *Setup) { s.InFlight = 11 },
			first:   0.167,
			tuples:  10,
		},
		{
			name:    "bind() first, two destinations",
			conduct: Conduct{CloseShare: 1, BindsFirst: true},
			change:  func(s *Setup) { s.Destinations = 2 },
			first:   3.333,
			tuples:  200,
		},
		{
			name:    "bind() first under tcp_tw_reuse",
			conduct: Conduct{CloseShare: 1, BindsFirst: true},
			change:  func(s *Setup) { s.TwReuse, s.Destinations = 1, 2 },
			first:   3.333,
			tuples:  200,
		},
		{"connect() chooses, two destinations", Conduct{CloseShare: 1}, func(s *Setup) { s.Destinations = 2 }, 6.667, 400},
		{"a pool", Conduct{CloseShare: 1, Idle: 64}, nil, 0, 200},
	} {
		s := fillsIn(tc.conduct)
		if tc.change != nil {
			tc.change(&s)
		}
		p := Predict(s)
		if first := or0(p.FirstError99S); p.Tuples != tc.tuples || first < tc.first-0.01 || first > tc.first+0.01 {
			t.Errorf("%s: K = %d, first error 99 after %.3f s; want %d and %.3f",
				tc.name, p.Tuples, first, tc.tuples, tc.first)
		}
	}
}

// TestARaceOfAConductIsAnOutcome: the worst is predicted, and f restates it.
func TestARaceOfAConductIsAnOutcome(t *testing.T) {
	s := fillsIn(Conduct{LeastShare: 0.35, MostShare: 0.40})
	p := Predict(s)
	if !s.Race || p.FirstError99S == nil || *p.FirstError99S > 3.4 {
		t.Fatalf("race %v, %+v", s.Race, p)
	}
	if got := p.WithShare(0.38, 0, 12); got.OKBeforeError99 == nil || *got.OKBeforeError99 != 526 {
		t.Errorf("f = 0.38: %+v; 505 to 579 were measured", got)
	}
}

// measuredRun is a run with these figures.
func measuredRun(s Setup, endS float64, figures map[string]float64) Run {
	p := Predict(s)
	return Run{Setup: s, Predicted: p, Restated: p, EndS: endS, Measured: func(name string) *float64 {
		if x, ok := figures[name]; ok {
			return &x
		}
		return nil
	}}
}

// TestTriesAreExact: a try more or less for each failure is another proxy.
func TestTriesAreExact(t *testing.T) {
	s := fillsIn(Conduct{CloseShare: 1, Tries: 4, Lines: 4})
	for tries, want := range map[float64]bool{640: true, 636: true, 480: false, 160: false, 800: false} {
		c := TriesPerFailure.Check(measuredRun(s, 6, map[string]float64{
			"tries_per_failure": tries / 160,
			"error_99":          160,
		}))
		if c == nil || c.OK != want {
			t.Errorf("%g connect() for 160 failures: %+v", tries, c)
		}
	}
	s = fillsIn(Conduct{CloseShare: 1, Idle: 2, Tries: 3, DialsAside: true, Lines: 1})
	for tries, want := range map[float64]bool{369: true, 309: true, 206: false} { // 369 were measured
		c := TriesPerFailure.Check(measuredRun(s, 6, map[string]float64{
			"tries_per_failure": tries / 103,
			"error_99":          103,
		}))
		if c == nil || c.OK != want {
			t.Errorf("%g connect() for 103 failures of a pool: %+v", tries, c)
		}
	}
	if c := TriesPerFailure.Check(measuredRun(s, 6, nil)); c != nil {
		t.Errorf("nobody counted: %+v", c)
	}
}

// TestABlackoutShowsWherePortsAreBack: not while the ports themselves are gone for longer.
func TestABlackoutShowsWherePortsAreBack(t *testing.T) {
	seen := map[string]float64{"first_error_99_s": 0.8, "blackout_s": 10.06}
	s := Setup{Ports: 200, RatePerS: 250, TwReuse: 1}.By(Conduct{CloseShare: 1, Blackout: 10 * time.Second}).Complete()
	if c := Blackout.Check(measuredRun(s, 20, seen)); c == nil || !c.OK || *c.Predicted != 10 {
		t.Errorf("10.06 s: %+v", c)
	}
	seen["blackout_s"] = 0.4
	if c := Blackout.Check(measuredRun(s, 20, seen)); c == nil || c.OK {
		t.Errorf("0.4 s: %+v", c)
	}
	if c := Blackout.Check(measuredRun(s, 9, seen)); c != nil {
		t.Errorf("the load ended before the blackout: %+v", c)
	}
	s.TwReuse = 0
	if c := Blackout.Check(measuredRun(s.Complete(), 20, seen)); c != nil {
		t.Errorf("the ports are gone for a minute: %+v", c)
	}
}

// TestAConductMayHaveSpentPorts: fewer succeed before error 99, and in the long run as many.
func TestAConductMayHaveSpentPorts(t *testing.T) {
	p, q := Predict(fillsIn(Conduct{CloseShare: 1})), Predict(fillsIn(Conduct{CloseShare: 1, Spent: 2}))
	if *p.OKBeforeError99 != 200 || *q.OKBeforeError99 != 198 || *q.FirstError99S != 3.3 || q.Tuples != 200 ||
		*p.SteadyOKPerS != *q.SteadyOKPerS {
		t.Errorf("%+v, of which two are spent %+v", p, q)
	}
	s := fillsIn(Conduct{CloseShare: 1, Spent: 2})
	s.TwReuse, s.RatePerS = 1, 300
	if r := Predict(s); *r.OKBeforeError99 != 200 {
		t.Errorf("those that come back after a second are not spent: %+v", r)
	}
}

// TestTheFirstTryAfterABlackoutEndsIt: in each period K succeed, and the rest fails.
func TestTheFirstTryAfterABlackoutEndsIt(t *testing.T) {
	for _, tc := range []struct {
		reuse  int
		period float64 // 0.5 s until the ports are taken, and the blackouts until some are back
	}{{1, 10.5}, {0, 70.5}} {
		s := Setup{
			Ports:    50,
			RatePerS: 100,
			Duration: time.Minute,
			TwReuse:  tc.reuse,
		}.By(Conduct{CloseShare: 1, Blackout: 10 * time.Second}).Complete()
		if got, want := *Predict(s).SteadyOKPerS, 50/tc.period; math.Abs(got-want) > 0.001 {
			t.Errorf("tcp_tw_reuse=%d: %.3f succeed a second, want %.3f", tc.reuse, got, want)
		}
		if w := s.Sawtooth(); math.Abs(w.Period.Seconds()-tc.period) > 0.001 || math.Abs(w.OK-50) > 0.001 {
			t.Errorf("tcp_tw_reuse=%d: %+v", tc.reuse, w)
		}
	}
}

// TestProbesAreNoRequests: ten fail, and then one connect() a second is nobody's.
func TestProbesAreNoRequests(t *testing.T) {
	s := fillsIn(Conduct{CloseShare: 1, Tries: 1, Fails: 10, Probe: time.Second, Spent: 2})
	figures := map[string]float64{"error_99": 10, "no_live_upstreams": 152, "first_error_99_s": 3.3}
	for connects, want := range map[float64]bool{10: false, 12: true, 14: true, 15: false, 162: false} {
		figures["tries_per_failure"] = connects / 10
		if c := TriesPerFailure.Check(measuredRun(s, 6, figures)); c == nil || c.OK != want {
			t.Errorf("%g connect(): %+v", connects, c)
		}
	}
}

// TestSquidTriesEachBackend: measured with one, two and three of them.
func TestSquidTriesEachBackend(t *testing.T) {
	c := Conduct{CloseShare: 1, Tries: 1, TriesEach: true, Fails: 10, Probe: time.Second, Spent: 1, SpentEach: 1}
	for n, seen := range map[int]struct {
		ok             int
		tries, untried float64
		first, end     float64
	}{2: {397, 5.6, 991, 6.617, 23.3}, 3: {596, 4.2, 156, 9.93, 12.7}} {
		s := Setup{Ports: 200, RatePerS: 60, Destinations: n, Duration: time.Minute}.By(c).Complete()
		if got := *Predict(s).OKBeforeError99; got != seen.ok {
			t.Errorf("%d backends: %d before error 99, want %d", n, got, seen.ok)
		}
		figures := map[string]float64{"error_99": 10, "no_live_upstreams": seen.untried, "first_error_99_s": seen.first}
		for tries, want := range map[float64]bool{seen.tries: true, seen.tries / float64(n): false} {
			figures["tries_per_failure"] = tries
			if c := TriesPerFailure.Check(measuredRun(s, seen.end, figures)); c == nil || c.OK != want {
				t.Errorf("%d backends, %g connect() each: %+v", n, tries, c)
			}
		}
	}
}

// TestAPoolMayBeForSomeRequests: a POST cannot be sent again.
func TestAPoolMayBeForSomeRequests(t *testing.T) {
	c := Conduct{CloseShare: 1, Idle: 64, RepeatableOnly: true}
	for method, idle := range map[string]int{"GET": 64, "HEAD": 64, "PUT": 64, "DELETE": 64, "POST": 0} {
		if got := c.For(method).Idle; got != idle {
			t.Errorf("%s: %d idle connections, want %d", method, got, idle)
		}
	}
	if c.RepeatableOnly = false; c.For("POST").Idle != 64 {
		t.Error("one for all requests is not for POST")
	}
}

// TestNoCap: what came at once stays, however much it was, and to however many destinations.
func TestNoCap(t *testing.T) {
	for idle, opened := range map[int]float64{1024: 5000, NoCap: 0} {
		for destinations := 1; destinations <= 3; destinations++ {
			s := Setup{Ports: 20000, Destinations: destinations, Workers: 4}.By(Conduct{CloseShare: 1, Idle: idle})
			p := Pool{Keepalive: s.Keepalive, Workers: s.Workers, Concurrency: 50000}
			_, most := p.BurstChurn(Bursts{Size: 5000, AtOnce: 5000, Every: 10 * time.Second, Response: 2 * time.Second})
			if got := 5000 * most; got != max(0, opened-float64(1024*destinations)) {
				t.Errorf("with %d to each of %d destinations a burst opens %g connections", idle, destinations, got)
			}
			if churn := p.Churn(); (churn == 0) != (idle == NoCap) {
				t.Errorf("with %d to each of %d destinations churn is %g", idle, destinations, churn)
			}
		}
	}
}

// TestIdlePerDestination: what a kind keeps is for each destination, so that a burst over
// three of them finds three times as many; unless it is one number for all.
func TestIdlePerDestination(t *testing.T) {
	for _, inAll := range []bool{false, true} {
		c := Conduct{CloseShare: 1, Idle: 32, IdleInAll: inAll}
		for destinations, want := range map[int]float64{1: 32, 2: 0, 3: 0} {
			if inAll {
				want = 32
			}
			s := Setup{Ports: 1000, Destinations: destinations, Workers: 2}.By(c)
			_, most := s.Pool().BurstChurn(Bursts{
				Size:     64,
				AtOnce:   64,
				Every:    time.Second,
				Response: 100 * time.Millisecond,
			})
			if got := 64 * most; got != want {
				t.Errorf("in all %v: of a burst of 64 over %d destinations %g requests open a connection, want %g",
					inAll, destinations, got, want)
			}
		}
	}
}
