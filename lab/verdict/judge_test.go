package verdict

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"k8s.io/utils/ptr"
)

// measured builds what an ideal run with the given setup would measure: the
// laws, sampled every 100 ms. The judge must find in it what was put in.
func measured(s law.Setup, loadS float64, baseline *law.Prediction) Measured {
	s.Baseline = baseline
	p := law.Predict(s)
	m := Measured{Plan: results.VariantPlan{
		Name: "v", RatePerS: s.RatePerS, DurationS: s.Duration.Seconds(), Expect: law.Predicted, Predicted: p,
	}}
	if baseline != nil {
		m.Baseline = baseline.FirstError99S
	}
	k := float64(p.Tuples)
	first := math.Inf(1)
	if p.FirstError99S != nil && *p.FirstError99S < loadS {
		first = *p.FirstError99S
	}
	opened := func(t float64) float64 { return math.Min(s.RatePerS*t*churn(s), math.Inf(1)) }
	okBy := func(t float64) float64 { return s.RatePerS * math.Min(t, first) }
	var proxy results.Net
	const step = 0.1
	for i := 0; float64(i)*step <= loadS+1e-9; i++ {
		t := float64(i) * step
		n := opened(math.Min(t, first))
		tw := int64(math.Min(n, k))
		proxy = results.Net{
			Sockets:  []results.Sockets{{Dst: "b", State: "time-wait", N: tw}},
			TimeWait: tw,
			Counters: map[string]int64{"active_opens": int64(n), "time_wait_created": int64(n)},
		}
		net := proxy
		m.Samples = append(m.Samples, results.Sample{Host: results.HostProxy, T: t, Net: &net})
		if i > 0 {
			ok := int64(okBy(t)) - int64(okBy(t-step))
			all := int64(s.RatePerS*t) - int64(s.RatePerS*(t-step))
			m.Samples = append(m.Samples, results.Sample{Host: results.HostLoad, T: t, Load: &results.Load{
				IntervalS: step, Counts: results.Counts{Scheduled: all, Sent: all, OK: ok, Failed: all - ok},
			}})
		}
	}
	sent := int64(math.Round(s.RatePerS * loadS))
	ok := int64(math.Round(okBy(loadS)))
	bad := sent - ok
	m.Totals = &results.Totals{
		EndNs:  int64(loadS * 1e9),
		Counts: results.Counts{Scheduled: sent, Sent: sent, OK: ok, Failed: bad},
		Causes: map[string]int64{},
	}
	proxy.Log = &results.Errors{Error99: bad}
	if bad > 0 {
		at := int64(first * 1e9)
		m.Totals.FirstError, m.Totals.OKBefore = &at, &ok
		m.Totals.Causes["upstream connect"] = bad
		m.Totals.Errors.Error99 = bad
	}
	m.Proxy = &proxy
	return m
}

func churn(s law.Setup) float64 {
	if s.Churn > 0 {
		return s.Churn
	}
	return 1
}

func setup(ports, destinations int, rate, seconds float64) law.Setup {
	return law.Setup{Ports: ports, Destinations: destinations, RatePerS: rate, Duration: dur(seconds), CloseShare: 1}
}

func TestVerdicts(t *testing.T) {
	base := law.Predict(setup(500, 1, 200, 10))
	reuse := setup(500, 1, 200, 10)
	reuse.TwReuse = 1
	pool := setup(500, 1, 200, 10)
	pool.Churn = 1.0 / 601
	for _, tc := range []struct {
		name     string
		m        Measured
		want     string
		expected *bool
		why      string
	}{
		{"no pool runs out", measured(setup(500, 1, 200, 10), 7.5, nil), law.Reproduced, yes(true), "after 2.50 s"},
		{"reuse holds", measured(reuse, 10, &base), law.Mitigated, yes(true), "load factor of 0.40"},
		{"pool holds", measured(pool, 10, &base), law.Mitigated, yes(true), ""},
		{"three addresses only postpone", measured(setup(500, 3, 200, 10), 10, &base), law.Postponed, yes(true), "3.0 times as late"},
		{"a slow leak is no cure", measured(setup(1000, 3, 200, 10), 10, &base), law.Inconclusive, nil, "used up after 15.0 s"},
		{"nothing sent", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.Totals = &results.Totals{}
			return m
		}(), law.Invalid, nil, "sent nothing"},
		{"own ports", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.Totals.OwnLimit = "the generator's source ports"
			return m
		}(), law.Invalid, nil, "the generator's source ports"},
		{"late", func() Measured {
			m := measured(reuse, 10, &base)
			for _, s := range m.Samples {
				if s.Load != nil {
					s.Load.Late = 2
				}
			}
			return m
		}(), law.Invalid, nil, "more than 10 ms late"},
		{"late only after the fault", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			for _, s := range m.Samples {
				if s.Load != nil && s.T > 3 {
					s.Load.Late = 20
				}
			}
			return m
		}(), law.Reproduced, yes(true), ""},
		{"a fault spoils everything", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.Faults = []string{"nginx died"}
			return m
		}(), law.Invalid, nil, "nginx died"},
		{"the harness gave up", Measured{Crash: "lost the engine"}, law.Error, nil, "lost the engine"},
		{"other failures are no cure", func() Measured {
			m := measured(reuse, 10, &base)
			m.Totals.OK -= 3
			m.Totals.Failed, m.Totals.Causes["timeout"], m.Totals.Errors.Other = 3, 3, 3
			return m
		}(), law.NotReproduced, yes(false), "3 requests failed otherwise"},
		{"error 99 at the wrong moment", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			*m.Totals.FirstError += 60e6
			return m
		}(), law.Reproduced, yes(false), ""},
		{"one success too few", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.Totals.OK, m.Totals.Failed = m.Totals.OK-1, m.Totals.Failed+1
			return m
		}(), law.Reproduced, yes(false), ""},
		{"the log disagrees", func() Measured {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.Proxy.Log.Error99--
			return m
		}(), law.Reproduced, yes(false), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := Judge(tc.m)
			if v.Verdict != tc.want {
				t.Errorf("verdict %s (%s), want %s", v.Verdict, v.Why, tc.want)
			}
			if !same(v.AsExpected, tc.expected) {
				t.Errorf("as expected %v, want %v; checks %+v", show(v.AsExpected), show(tc.expected), v.Checks)
			}
			if !strings.Contains(v.Why, tc.why) {
				t.Errorf("why %q does not say %q", v.Why, tc.why)
			}
		})
	}
}

// TestNoCureAboveTheLimit is the promise that a short run cannot pass a slow
// leak off as a cure, for any setup.
func TestNoCureAboveTheLimit(t *testing.T) {
	base := law.Predict(setup(500, 1, 200, 10))
	law := func(ports uint16, destinations, rate uint8, seconds uint8) bool {
		s := setup(100+int(ports)%5000, 1+int(destinations)%4, 20+float64(rate), 2+float64(seconds%10))
		v := Judge(measured(s, s.Duration.Seconds(), &base))
		return v.Verdict != law.Mitigated || *v.RhoSteady <= RhoLimit && s.Complete().Rho() <= RhoLimit*1.1
	}
	if err := quick.Check(law, nil); err != nil {
		t.Error(err)
	}
}

// TestBackendRefusal: a 502 whose connect was refused, not short of a port, is
// told apart by the error log alone.
func TestBackendRefusal(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	n := m.Totals.Errors.Error99
	m.Proxy.Log = &results.Errors{Other: n}
	v := Judge(m)
	if v.Errors.Error99 != 0 || v.Errors.Other != n || v.FirstError != nil {
		t.Errorf("errors %+v, first error 99 %v: nginx's log has none", *v.Errors, v.FirstError)
	}
}

func TestCollapseIsTheFallOfTheRate(t *testing.T) {
	s := setup(28231, 1, 2000, 90)
	s.Workers = 2
	m := measured(s, 12, nil)
	m.Plan.Connections = 64
	for _, x := range m.Samples { // at half the range, 7.06 s, the rate falls to a quarter
		if x.Load != nil && x.T > 7.06+0.1 {
			x.Load.OK /= 4
			x.Load.InFlight = 64
		}
	}
	v := Judge(m)
	if !v.Collapsed || math.Abs(*v.CollapseS-*v.Predicted.CollapseS) > 0.05**v.Predicted.CollapseS {
		t.Errorf("collapse %v, predicted %v", v.CollapseS, *v.Predicted.CollapseS)
	}
	if v.Verdict != law.Collapsed {
		t.Errorf("verdict %s (%s)", v.Verdict, v.Why)
	}
}

// TestPausedGeneratorIsNoCollapse: a generator frozen for 1.5 s with half the
// tuples in use looks like the fall of the rate, and must not pass for it.
func TestPausedGeneratorIsNoCollapse(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 8, nil)
	m.Plan.Connections = 64
	var samples []results.Sample
	for _, x := range m.Samples {
		if x.T > 1.5 {
			x.T += 1.5
		}
		samples = append(samples, x)
		if x.Load != nil && math.Abs(x.T-1.5) < 1e-9 {
			samples = append(samples, results.Sample{Host: results.HostLoad, T: 3, Load: &results.Load{
				IntervalS: 1.5, Counts: results.Counts{Scheduled: 300, Sent: 300, OK: 20, Late: 280},
			}})
		}
	}
	m.Samples = samples
	*m.Totals.FirstError += 5e8
	v := Judge(m)
	if v.Collapsed || v.Verdict != law.Invalid {
		t.Errorf("collapsed %v, verdict %s (%s), want it invalid", v.Collapsed, v.Verdict, v.Why)
	}
}

// TestUnforeseenCollapseIsAFailedCheck: where the law has none, the rate has
// no business falling.
func TestUnforeseenCollapseIsAFailedCheck(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Plan.Connections = 64
	for _, x := range m.Samples {
		if x.Load != nil && x.T > 1.3 && x.T < 2.5 {
			x.Load.OK, x.Load.InFlight = 5, 64
		}
	}
	if v := Judge(m); !v.Collapsed || v.AsExpected == nil || *v.AsExpected {
		t.Errorf("collapsed %v, as expected %s, want a failed check", v.Collapsed, show(v.AsExpected))
	}
}

// TestOneStrayLineDoesNotHideALostHundred: the log accounts for one of the
// hundred failures it has no error-99 line for.
func TestOneStrayLineDoesNotHideALostHundred(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Proxy.Log = &results.Errors{Error99: m.Totals.Errors.Error99 - 100, Other: 1}
	v := Judge(m)
	if v.Errors.Error99 != m.Totals.Errors.Error99-1 || v.AsExpected == nil || *v.AsExpected {
		t.Errorf("errors %+v, as expected %s", *v.Errors, show(v.AsExpected))
	}
}

func TestUntoldCheckLeavesTheRowUntold(t *testing.T) {
	v := results.Variant{Verdict: law.Reproduced, Expected: law.Reproduced, Checks: []results.Check{{Name: "crashed"}}}
	if got := asExpected(&v); got != nil {
		t.Errorf("as expected %s, want null", show(got))
	}
}

// TestOwnConfigurationIsJudgedByTheLog: whatever status the user's nginx made
// of error 99, and whatever else failed first.
func TestOwnConfigurationIsJudgedByTheLog(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Plan.OwnConfig = "nginx.conf"
	n := m.Totals.Failed
	m.Totals.Errors = results.Errors{Other: n} // error_page 502 =503
	m.Totals.Causes = map[string]int64{"status 5xx": n}
	m.Totals.FirstError = nil
	for _, x := range m.Samples {
		if x.Net != nil && x.T > 2.5 {
			x.Net.Log = &results.Errors{Error99: 1}
		}
	}
	v := Judge(m)
	if v.Errors.Error99 != n || v.FirstError == nil || math.Abs(*v.FirstError-2.6) > 0.051 || v.Verdict != law.Reproduced {
		t.Errorf("errors %+v, first %v, verdict %s (%s)", *v.Errors, v.FirstError, v.Verdict, v.Why)
	}
}

// TestStrayFailureIsNotTheFirstError99: a 502 of the user's own making at the
// very start is neither the moment of error 99 nor the end of the successes.
func TestStrayFailureIsNotTheFirstError99(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Plan.OwnConfig = "nginx.conf"
	at, none := int64(1e7), int64(0)
	m.Totals.FirstError, m.Totals.OKBefore = &at, &none
	for _, x := range m.Samples {
		if x.Net != nil && x.T > 2.5 {
			x.Net.Log = &results.Errors{Error99: 1}
		}
	}
	v := Judge(m)
	if v.FirstError == nil || math.Abs(*v.FirstError-2.6) > 0.051 || v.OKBefore == nil || *v.OKBefore != 500 {
		t.Errorf("first error 99 at %v, %v ok before it; want 2.6 s and 500", v.FirstError, v.OKBefore)
	}
}

// TestNeighbourFailures: any answer of 2xx is one.
func TestNeighbourFailures(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	for _, status := range []int{200, 204, 0, 302, 502} {
		m.Samples = append(m.Samples, results.Sample{Host: results.HostLoad, T: 1, Neighbour: &results.Neighbour{Status: status}})
	}
	if v := Judge(m); v.Neighbour.Failed != 3 {
		t.Errorf("%d neighbour requests failed, want those of no answer, 302 and 502", v.Neighbour.Failed)
	}
}

func TestBusyGeneratorIsInvalid(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Totals.CPUSeconds = 7.4
	if v := Judge(m); v.Verdict != law.Invalid {
		t.Errorf("verdict %s (%s)", v.Verdict, v.Why)
	}
}

func TestFailuresWithoutAFirstOneKeepTheRow(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Samples = append(m.Samples, results.Sample{Host: results.HostProxy, T: 1, Net: nil, Load: nil, Neighbour: &results.Neighbour{}})
	m.Totals.FirstError = nil
	m.Proxy.Log = nil
	m.Baseline = nil
	v := Judge(m) // failures without a first one: nothing to hold against the law
	if v.Name != "v" || v.OK == nil {
		t.Errorf("the row is lost: %+v", v)
	}
}

func TestRunIsAsGoodAsItsWorstVariant(t *testing.T) {
	row := func(b *bool) results.Variant { return results.Variant{AsExpected: b} }
	for _, tc := range []struct {
		rows []results.Variant
		want *bool
	}{
		{nil, nil},
		{[]results.Variant{row(yes(true)), row(yes(true))}, yes(true)},
		{[]results.Variant{row(yes(true)), row(nil)}, nil},
		{[]results.Variant{row(yes(false)), row(nil)}, yes(false)},
	} {
		if got := AllAsExpected(tc.rows); !same(got, tc.want) {
			t.Errorf("%d rows: %s, want %s", len(tc.rows), show(got), show(tc.want))
		}
	}
}

func TestCrashOfACheckIsUnknown(t *testing.T) {
	c := guarded(func() *results.Check { panic("boom") })
	if c.OK != nil || !strings.Contains(c.Text, "boom") {
		t.Errorf("%+v", c)
	}
}

// TestMeasuredShareRestatesTheLaw: with a configuration of the user's own,
// nginx closes first in some share of the connections, and error 99 comes by
// that much later. The law with the share measured has to say when.
func TestMeasuredShareRestatesTheLaw(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 10, nil)
	m.Plan.OwnConfig = "nginx.conf"
	m.Proxy.Counters = map[string]int64{"active_opens": 1250, "time_wait_created": 500}
	v := Judge(m)
	if want := 2.5 / 0.4; math.Abs(*v.Predicted.FirstError99S-want) > 0.01 || *v.Predicted.OKBeforeError99 != 1250 {
		t.Errorf("restated to %v s and %d ok, want %v and 1250", *v.Predicted.FirstError99S, *v.Predicted.OKBeforeError99, want)
	}
	if v.Verdict != law.Reproduced || v.AsExpected != nil {
		t.Errorf("%s, as expected %s: error 99 came at 2.5 s and the law gives 6.25, so nothing is confirmed",
			v.Verdict, show(v.AsExpected))
	}
}

// TestRaceIsHeldToItsIdentity: where both ends close at once, f is what it is,
// and the successes before error 99 must be K/f all the same.
func TestRaceIsHeldToItsIdentity(t *testing.T) {
	raced := func(before int64) Measured {
		m := measured(setup(500, 1, 200, 10), 7.5, nil)
		m.Plan.Race = true
		m.Proxy.Counters = map[string]int64{"active_opens": 1250, "time_wait_created": 500}
		at := before * 5e6
		m.Totals.FirstError, m.Totals.OKBefore = &at, &before
		m.Totals.OK, m.Totals.Failed = before, m.Totals.Sent-before
		m.Totals.Causes["upstream connect"] = m.Totals.Failed
		m.Totals.Errors.Error99, m.Proxy.Log.Error99 = m.Totals.Failed, m.Totals.Failed
		return m
	}
	for before, want := range map[int64]bool{1250: true, 1195: true, 1185: false, 1320: false} {
		v := Judge(raced(before))
		if v.Verdict != law.Reproduced || !same(v.AsExpected, &want) {
			t.Errorf("%d successes at f = 0.4: %s, as expected %s, want %v; %+v", before, v.Verdict, show(v.AsExpected), want, v.Checks)
		}
	}
}

// TestNoCureByACounterThatStaysAtZero: Linux 5.10 counts a TIME_WAIT when it
// ends, and a run of 2 s saw 400 sockets and TW = 0. Its figures say that nginx
// closed all connections, by whatever way they were recorded.
func TestNoCureByACounterThatStaysAtZero(t *testing.T) {
	base := law.Predict(setup(500, 1, 200, 10))
	recorded := func(counted func(int64) int64) Measured {
		m := measured(setup(500, 3, 200, 2), 2, &base)
		for _, s := range m.Samples {
			if s.Net != nil {
				s.Net.Counters["time_wait_created"] = counted(s.Net.TimeWait)
			}
		}
		return m
	}
	for name, tc := range map[string]struct {
		m    Measured
		held bool // the check
	}{
		"as that kernel counts":   {recorded(func(int64) int64 { return 0 }), false},
		"some had ended":          {recorded(func(n int64) int64 { return n / 10 }), false},
		"counted by their number": {recorded(func(n int64) int64 { return n }), true},
		"ten too few":             {recorded(func(n int64) int64 { return max(0, n-10) }), true},
		"eleven too few":          {recorded(func(n int64) int64 { return max(0, n-11) }), false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.m.TimeWaitAtEnd = tc.held
			v := Judge(tc.m)
			if v.Verdict != law.Inconclusive || !strings.Contains(v.Why, "load factor of 8.13") {
				t.Errorf("%s: %s; want it inconclusive at 8.13", v.Verdict, v.Why)
			}
			if v.CloseShare == nil || *v.CloseShare != 1 || v.TimeWait.AtEnd != tc.held {
				t.Errorf("f is %v, counted at the end: %v", ptr.Deref(v.CloseShare, 0), v.TimeWait.AtEnd)
			}
			i := slices.IndexFunc(v.Checks, func(c results.Check) bool { return c.ID == "time-waits" })
			if i < 0 || *v.Checks[i].OK != tc.held {
				t.Errorf("checks %+v, want time-waits to hold: %v", v.Checks, tc.held)
			}
		})
	}
}

// TestAnOpenLawDoesNotDecide: bursts on a pool, and a backend that answers at once. Whether
// error 99 comes the law leaves open, and when it may not come, not.
func TestAnOpenLawDoesNotDecide(t *testing.T) {
	least := 1.0 / 601
	s := law.Setup{
		Ports:      500,
		RatePerS:   200,
		Duration:   dur(10),
		CloseShare: 1,
		Burst:      dur(0.1),
		Keepalive:  4,
		Churn:      0.8,
		ChurnLeast: &least,
	}
	closed := s
	closed.ChurnLeast = nil
	for _, c := range []struct {
		name     string
		played   law.Setup
		first    float64 // moves error 99; 0: as the law has it
		verdict  string
		expected *bool
	}{
		{"as the most would have it", closed, 0, law.Reproduced, nil},
		{"late", closed, 6, law.Reproduced, nil},
		{"sooner than the most can be", closed, 1, law.Reproduced, yes(false)},
		{"never", law.Setup{Ports: 500, RatePerS: 200, Duration: dur(10), CloseShare: 1, Churn: 1.0 / 601}, 0, law.Mitigated, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := measured(c.played, 10, nil)
			s := s.Complete()
			m.Plan.Setup, m.Plan.Predicted = &s, law.Predict(s)
			if m.Totals.FirstError != nil {
				m.Proxy.Counters["active_opens"] = 500 // measured opens as evenly spaced requests do
			}
			m.Baseline = new(float64)
			*m.Baseline = 1 // much sooner: what is later is chance
			if c.first > 0 {
				*m.Totals.FirstError = int64(c.first * 1e9)
			}
			v := Judge(m)
			if v.Verdict != c.verdict || !same(v.AsExpected, c.expected) {
				t.Errorf("%s, as expected: %s (%s)\n%+v", v.Verdict, show(v.AsExpected), v.Why, v.Checks)
			}
		})
	}
}
