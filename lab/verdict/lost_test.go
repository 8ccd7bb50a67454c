package verdict

import (
	"math"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// arriving is a run of random arrivals on k tuples that are held for a second, of
// which a share is lost once they have filled.
func arriving(k int, rate, share float64) Measured {
	s := law.Setup{Ports: k, RatePerS: rate, CloseShare: 1, TwReuse: 1, Poisson: true, Duration: 30 * time.Second}
	m := measured(s, 30, &law.Prediction{})
	m.Plan.Random = true
	m.Totals.OK, m.Totals.Failed, m.Totals.FirstError, m.Totals.Causes, m.Totals.Errors = 0, 0, nil, map[string]int64{}, results.Errors{}
	for i := range m.Samples {
		l := m.Samples[i].Load
		if l == nil {
			continue
		}
		n := rate * l.IntervalS
		l.OK, l.Failed = int64(n), 0
		if m.Samples[i].T > 1.05 {
			// Whole requests, so that the share comes out right over all samples.
			l.Failed = int64(n*share*float64(i+1)) - int64(n*share*float64(i))
			l.Failed = min(l.Failed, int64(n))
			l.OK -= l.Failed
		}
		m.Totals.OK, m.Totals.Failed = m.Totals.OK+l.OK, m.Totals.Failed+l.Failed
	}
	m.Totals.Sent = m.Totals.OK + m.Totals.Failed
	m.Totals.Scheduled = m.Totals.Sent
	return m
}

// lostShare asks the law of random arrivals.
func lostShare(m Measured) (*law.Checked, *law.Compared) {
	m.Laws = m.Plan.Laws()
	end := m.Totals.LoadSeconds()
	r := m.run(&results.Variant{LoadEndS: &end})
	return law.LostShare.Check(r), law.LostShare.Compare(r)
}

// TestShareLostIsErlangs: the share that fails is held against Erlang's B formula,
// not against 1 − 1/ρ, nor against any other.
func TestShareLostIsErlangs(t *testing.T) {
	at := law.ErlangB(1000, 1000) // 2.5 %; evenly spaced arrivals lose none
	for _, c := range []struct {
		name  string
		share float64
		holds bool
	}{
		{"as the formula has it", at, true},
		{"a fifth more", 1.2 * at, true},
		{"none, as evenly spaced ones", 0, false},
		{"twice as many", 2 * at, false},
	} {
		m := arriving(1000, 1000, c.share)
		x, q := lostShare(m)
		if x == nil || x.OK != c.holds || math.Abs(*x.Predicted-at) > 1e-9 {
			t.Errorf("%s: %+v, want it to hold: %v", c.name, x, c.holds)
		}
		if math.Abs(*q.Measured-*x.Measured) > 1e-12 || *q.Predicted != at {
			t.Errorf("%s: compared %+v, checked %+v", c.name, q, x)
		}
	}
	short := arriving(1000, 1000, at)
	short.Totals.EndNs = 2e9
	if x, _ := lostShare(short); x != nil {
		t.Errorf("of two hold times: %+v", x)
	}
	even := arriving(1000, 1000, at)
	even.Plan.Random = false
	if x, _ := lostShare(even); x != nil {
		t.Errorf("of even arrivals: %+v", x)
	}
}

// TestEveryVariantIsCompared: whatever the load is like, something of it is held
// against the law.
func TestEveryVariantIsCompared(t *testing.T) {
	for name, m := range map[string]Measured{
		"random arrivals": arriving(1000, 1000, 0.025),
		"a pool": func() Measured {
			m := measured(law.Setup{Ports: 500, RatePerS: 200, CloseShare: 1, Churn: 0.002, Duration: dur(10)}, 10, &law.Prediction{})
			m.Plan.Keepalive, m.Plan.SteadyS = 20, 10
			return m
		}(),
		"bursts": func() Measured {
			m := measured(law.Setup{Ports: 500, RatePerS: 200, CloseShare: 1, Churn: 0.002, Duration: dur(10)}, 10, &law.Prediction{})
			m.Plan.Profile, m.Plan.BurstS, m.Plan.SteadyS = "burst:20@100ms", 0.1, 10
			return m
		}(),
		"a load that falls": func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.Plan.Profile, m.Plan.SteadyS = "constant:200/6s,constant:4/60s", 6
			return m
		}(),
	} {
		if v := Judge(m); len(v.Comparisons) == 0 {
			t.Errorf("%s: nothing was compared", name)
		}
	}
}

// TestOverflowAndEjectionAreCompared: the laws of tcp_max_tw_buckets and of peers
// marked down, with the figures of a run each.
func TestOverflowAndEjectionAreCompared(t *testing.T) {
	s := setup(300, 1, 200, 8)
	s.MaxTwBuckets = 150
	m := measured(s, 8, &law.Prediction{})
	m.Plan.SteadyS, m.Plan.Sysctls = 8, map[string]string{"net.ipv4.tcp_max_tw_buckets": "150"}
	m.Proxy.Counters["time_wait_overflow"] = 1450
	x := comparisonOf(t, Judge(m), "TIME_WAITs dropped (TCPTimeWaitOverflow)")
	if x == nil || !x.OK || *x.Predicted != 1450 {
		t.Errorf("overflow %+v", x)
	}
	m.Proxy.Counters["time_wait_overflow"] = 1300
	if x = comparisonOf(t, Judge(m), "TIME_WAITs dropped (TCPTimeWaitOverflow)"); x == nil || x.OK {
		t.Errorf("overflow that is 10 %% short: %+v", x)
	}

	m = measured(setup(100, 3, 200, 12), 9.5, nil)
	m.Plan.SteadyS, m.Plan.Retries, m.Plan.Peers, m.Plan.MaxFails, m.Plan.FailS, m.Plan.Addresses = 12, true, 3, 1, 10, 3
	m.Totals.Errors = results.Errors{Error99: 1, NoLiveUpstreams: m.Totals.Failed - 1}
	m.Proxy.Log.Error99, m.Proxy.Log.NoLiveUpstreams = 3, m.Totals.Failed-1
	if x = comparisonOf(t, Judge(m), "lines of error 99 in the proxy's log"); x == nil || !x.OK || *x.Predicted != 3 {
		t.Errorf("lines %+v", x)
	}
	m.Proxy.Log.Error99 = 6
	if x = comparisonOf(t, Judge(m), "lines of error 99 in the proxy's log"); x == nil || x.OK {
		t.Errorf("twice the lines: %+v", x)
	}
	m.Plan.Workers = 2
	if x = comparisonOf(t, Judge(m), "lines of error 99 in the proxy's log"); x != nil {
		t.Errorf("two workers, each of which counts for itself: %+v", x)
	}
}

// TestNoRoomForABusierMinute: requests under way hold tuples as TIME_WAIT does.
func TestNoRoomForABusierMinute(t *testing.T) {
	m := measured(law.Setup{Ports: 500, RatePerS: 200, CloseShare: 1, Churn: 0.002, Duration: dur(10)}, 10, &law.Prediction{})
	if v := Judge(m); v.Verdict != law.Mitigated {
		t.Fatalf("%s: %s", v.Verdict, v.Why)
	}
	for i := range m.Samples {
		if n := m.Samples[i].Net; n != nil {
			n.Sockets = append(n.Sockets, results.Sockets{Dst: "b", State: "established", N: 480}) // of 500
		}
	}
	if v := Judge(m); v.Verdict != law.Inconclusive {
		t.Errorf("480 of 500 tuples under way are %s: %s", v.Verdict, v.Why)
	}
}

// TestCollapseIsHeldToFivePercent.
func TestCollapseIsHeldToFivePercent(t *testing.T) {
	for at, holds := range map[float64]bool{7.1: true, 6.8: true, 7.7: false, 6.4: false} {
		s := setup(28231, 1, 2000, 90)
		s.Workers = 2
		m := measured(s, 12, nil)
		m.Plan.Connections = 64
		v := results.Variant{CollapseS: &at, LoadEndS: new(12.0)}
		m.Laws = m.Plan.Laws()
		if x := law.Collapse.Check(m.run(&v)); x == nil || x.OK != holds {
			t.Errorf("collapse after %g s, the law says %.2f: %+v, want it to hold: %v",
				at, *m.Plan.Predicted.CollapseS, x, holds)
		}
	}
}

// TestAnOddRangeMayKeepAPort: connect() may overlook one of 737 ports, and none of
// 736.
func TestAnOddRangeMayKeepAPort(t *testing.T) {
	for _, c := range []struct {
		ports int
		short int64
		holds bool
	}{{737, 0, true}, {737, 1, true}, {737, 2, false}, {736, 0, true}, {736, 1, false}} {
		m := measured(setup(c.ports, 1, 200, 10), 7.5, nil)
		m.Plan.PortLow, m.Plan.PortHigh = 20000, 20000+c.ports-1
		m.Totals.OK -= c.short
		v := Judge(m)
		for _, x := range v.Checks {
			if x.Name == "ok before it" && *x.OK != c.holds {
				t.Errorf("%d ports, %d short: holds %v, want %v: %s", c.ports, c.short, *x.OK, c.holds, x.Law)
			}
		}
	}
}

// TestOnePauseMayHitABurst: what comes due in a pause is forgiven, and of bursts
// that is one of them, not two.
func TestOnePauseMayHitABurst(t *testing.T) {
	for late, want := range map[int64]bool{91: true, 182: false} {
		m := measured(setup(5000, 1, 91, 12), 12, &law.Prediction{})
		m.Plan.BurstS = 1
		m.Laws = m.Plan.Laws()
		for i := range m.Samples {
			if l := m.Samples[i].Load; l != nil && late > 0 {
				l.Late, late = late, 0
			}
		}
		if got := m.late(math.Inf(1)) == ""; got != want {
			t.Errorf("forgiven: %v, want %v", got, want)
		}
	}
}
