package verdict

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"k8s.io/utils/ptr"
)

// TestBrokenAssumptions: what the evidence says, and which way the run moved.
func TestBrokenAssumptions(t *testing.T) {
	p := law.Prediction{Tuples: 500, HoldS: 61}
	under := law.Prediction{Tuples: 500, HoldS: 1}
	half := 1.25
	foreseen := law.Prediction{Tuples: 500, HoldS: 61, CollapseS: &half}
	for _, c := range []struct {
		name  string
		e     evidence
		moved law.Direction
		want  string
		says  string
	}{
		{"nothing", evidence{Predicted: p}, law.LessSevere, Unexplained, "samples"},
		{"late", evidence{Predicted: p, LateShare: 0.02}, law.MoreSevere, GeneratorLate, "2.0 %"},
		{"hardly late", evidence{Predicted: p, LateShare: 0.01}, law.MoreSevere, Unexplained, ""},
		{"behind its schedule", evidence{Predicted: p, Undersent: 0.1}, law.LessSevere, GeneratorLate, "10.0 % behind"},
		{"ahead of it by rounding", evidence{Predicted: p, Undersent: -0.01}, law.LessSevere, Unexplained, ""},
		{"late spoils all else", evidence{Predicted: p, LateShare: 0.5, CloseShare: 0.3}, law.LessSevere, GeneratorLate, ""},
		{
			name:  "conntrack full",
			e:     evidence{Predicted: p, ConntrackMax: 300, ConntrackLost: 7},
			moved: law.Either,
			want:  ConntrackFull,
			says:  "lost 7 packets: its table of 300",
		},
		{
			name:  "conntrack with as many connections as room, and none lost",
			e:     evidence{Predicted: p, ConntrackMax: 300, NewConns: 500},
			moved: law.LessSevere,
			want:  Unexplained,
		},
		{"failures of another kind", evidence{Predicted: p, Other: 12}, law.MoreSevere, OtherFailures, "12 requests"},
		{"conntrack with room", evidence{Predicted: p, ConntrackMax: 501, NewConns: 500}, law.MoreSevere, Unexplained, ""},
		{"buckets", evidence{Predicted: p, TwOverflow: 12}, law.LessSevere, BucketsBelowK, "dropped 12"},
		{"buckets cannot make it fail sooner", evidence{Predicted: p, TwOverflow: 12}, law.MoreSevere, Unexplained, ""},
		{
			name:  "marked peers",
			e:     evidence{Predicted: p, NoLive: 5096, Proxy: "nginx"},
			moved: law.MoreSevere,
			want:  PeerEjection,
			says:  "5,096 requests failed with \"no live upstreams\"",
		},
		{
			name:  "another proxy's blackout",
			e:     evidence{Predicted: p, NoLive: 998, Proxy: "Varnish"},
			moved: law.MoreSevere,
			want:  PeerEjection,
			says:  "Varnish refused 998 requests",
		},
		{"reuse", evidence{Predicted: p, TwRecycled: 100, NewConns: 600}, law.LessSevere, TimeWaitReused, "100 tuples"},
		{"reuse that was foreseen", evidence{Predicted: under, TwRecycled: 100, NewConns: 600}, law.LessSevere, Unexplained, ""},
		{"the race", evidence{Predicted: p, CloseShare: 0.45}, law.LessSevere, FBelowOne, "f = 0.45"},
		{
			name:  "the race cannot make it fail sooner",
			e:     evidence{Predicted: p, CloseShare: 0.45, PeakUsed: 300},
			moved: law.MoreSevere,
			want:  PortsTaken,
			says:  "300 of the 500",
		},
		{"f as good as 1", evidence{Predicted: p, CloseShare: 0.985}, law.LessSevere, Unexplained, ""},
		{"f not measured", evidence{Predicted: p}, law.LessSevere, Unexplained, ""},
		{"a pool nobody asked for", evidence{Predicted: p, ReuseRatio: 0.4}, law.LessSevere, Pooled, "40.0 %"},
		{"a pool that was asked for", evidence{Predicted: p, ReuseRatio: 0.4, Pool: true}, law.LessSevere, Unexplained, ""},
		{"collapse", evidence{Predicted: p, CollapseS: 1.3}, law.LessSevere, DearConnect, "1.30 s"},
		{"collapse that was foreseen", evidence{Predicted: foreseen, CollapseS: 1.3}, law.LessSevere, Unexplained, ""},
		{"somebody else's ports", evidence{Predicted: p, PeakUsed: 494}, law.MoreSevere, PortsTaken, "494"},
		{"as good as all ports", evidence{Predicted: p, PeakUsed: 495}, law.MoreSevere, Unexplained, ""},
		{"slow backend", evidence{Predicted: p, InFlight: 100}, law.MoreSevere, SlowBackend, "about 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, because := c.e.broke(c.moved)
			if got != c.want || !strings.Contains(because, c.says) {
				t.Errorf("%s (%s), want %s, saying %q", got, because, c.want, c.says)
			}
		})
	}
}

// comparisonOf is the row's comparison of a quantity.
func comparisonOf(t *testing.T, v results.Variant, quantity string) *results.Comparison {
	t.Helper()
	for i := range v.Comparisons {
		if v.Comparisons[i].Quantity == quantity {
			return &v.Comparisons[i]
		}
	}
	return nil
}

// TestEveryPredictedQuantityIsCompared: whatever has a measured twin is there,
// with the relative error, and an ideal run breaks nothing.
func TestEveryPredictedQuantityIsCompared(t *testing.T) {
	long := setup(500, 1, 200, 130)
	reuse := setup(500, 1, 200, 10)
	reuse.TwReuse = 1
	base := law.Predict(setup(500, 1, 200, 10))
	for _, c := range []struct {
		name string
		m    Measured
		want []string
	}{
		{
			name: "a run that fails",
			m:    measured(setup(500, 1, 200, 10), 7.5, nil),
			want: []string{"first error 99", "ok before it", "tuples in use at the most", "load factor ρ"},
		},
		{"one that holds", measured(reuse, 10, &base), []string{"load factor ρ", "ok in all"}},
		{"one that is not to fail yet", measured(setup(1000, 3, 200, 10), 10, &base), []string{"load factor ρ"}},
		{"one of two periods", func() Measured {
			m := measured(long, 130, nil)
			m.Totals.OK = 1500
			m.Totals.Failed = m.Totals.Sent - 1500
			m.Totals.Causes["upstream connect"], m.Totals.Errors.Error99 = m.Totals.Failed, m.Totals.Failed
			m.Proxy.Log.Error99 = m.Totals.Failed
			for _, x := range m.Samples { // the second burst, when the first tuples come back
				if x.Load != nil && x.T > 61 && x.T < 63.5 {
					x.Load.OK, x.Load.Failed = x.Load.Failed, 0
				}
			}
			return m
		}(), []string{"first error 99", "ok before it", "tuples in use at the most", "load factor ρ", "ok in all", "recovery"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Judge(c.m)
			var got []string
			for _, x := range v.Comparisons {
				got = append(got, x.Quantity)
				if !x.OK || x.Broken != nil || x.RelativeError == nil {
					t.Errorf("%+v", x)
				}
			}
			if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
				t.Errorf("compared %v, want %v", got, c.want)
			}
		})
	}
}

// TestDeviationsNameWhatBroke: runs that left the law, each for a reason of its
// own that the samples show.
func TestDeviationsNameWhatBroke(t *testing.T) {
	later := func(m *Measured, factor float64) { // the same run with the failure that much later
		at := int64(factor * float64(*m.Totals.FirstError))
		more := int64(float64(at-*m.Totals.FirstError) / 1e9 * m.Plan.RatePerS)
		before := *m.Totals.OKBefore + more
		m.Totals.FirstError, m.Totals.OKBefore = &at, &before
		m.Totals.OK, m.Totals.Failed = m.Totals.OK+more, m.Totals.Failed-more
		m.Totals.Causes["upstream connect"] = m.Totals.Failed
		m.Totals.Errors.Error99, m.Proxy.Log.Error99 = m.Totals.Failed, m.Totals.Failed
	}
	for _, c := range []struct {
		name   string
		spoil  func(*Measured)
		of     string
		want   string
		saying string
	}{
		{"nginx won the race in half of the cases", func(m *Measured) {
			later(m, 2)
			m.Proxy.Counters["active_opens"], m.Proxy.Counters["time_wait_created"] = 1000, 500
		}, "first error 99", FBelowOne, "With that f the law gives 5.00 s"},
		{"and the count agrees", func(m *Measured) {
			later(m, 2)
			m.Proxy.Counters["active_opens"], m.Proxy.Counters["time_wait_created"] = 1000, 500
		}, "ok before it", FBelowOne, "With that f the law gives 1000"},
		{"few buckets", func(m *Measured) {
			later(m, 1.5)
			m.Proxy.Counters["time_wait_overflow"] = 250
		}, "first error 99", BucketsBelowK, "TCPTimeWaitOverflow"},
		{"marked peers", func(m *Measured) {
			m.Totals.Errors = results.Errors{Error99: 3, NoLiveUpstreams: m.Totals.Failed - 3}
			m.Proxy.Log = &results.Errors{Error99: 3, NoLiveUpstreams: m.Totals.Failed - 3}
		}, `"no live upstreams"`, PeerEjection, "max_fails=0"},
		{"ports of somebody else", func(m *Measured) {
			later(m, 0.6)
			for _, x := range m.Samples {
				if x.Net != nil && x.Net.Sockets != nil {
					x.Net.Sockets[0].N = min(x.Net.Sockets[0].N, 300)
				}
			}
		}, "tuples in use at the most", PortsTaken, "300 of the 500"},
		{"a late generator", func(m *Measured) {
			later(m, 1.5)
			for _, x := range m.Samples {
				if x.Load != nil {
					x.Load.Late = x.Load.Sent / 10
				}
			}
		}, "first error 99", GeneratorLate, "10.0 % of its requests late"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			c.spoil(&m)
			v := Judge(m)
			x := comparisonOf(t, v, c.of)
			switch {
			case x == nil:
				t.Fatalf("not compared: %+v", v.Comparisons)
			case x.OK || x.Broken == nil || *x.Broken != c.want || !strings.Contains(x.Text, c.saying):
				t.Errorf("%+v, broken %v; want %s saying %q", *x, ptr.Deref(x.Broken, "none"), c.want, c.saying)
			}
		})
	}
}

// TestAbsenceIsADeviation: error 99 that was due and did not come, and one that
// came though none was due.
func TestAbsenceIsADeviation(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Totals.OK, m.Totals.Failed, m.Totals.Errors = m.Totals.Sent, 0, results.Errors{}
	m.Totals.Causes, m.Totals.FirstError, m.Totals.OKBefore = map[string]int64{}, nil, nil
	m.Proxy.Log = &results.Errors{}
	m.Proxy.Counters["time_wait_recycled"] = 1000
	x := comparisonOf(t, Judge(m), "first error 99")
	if x == nil || x.Measured != nil || x.RelativeError != nil || *x.Broken != TimeWaitReused ||
		!strings.Contains(x.Text, "measured none") {
		t.Errorf("did not come: %+v", x)
	}

	m = measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Plan.Predicted.FirstError99S, m.Plan.Predicted.OKBeforeError99 = nil, nil
	m.Service = &results.Latency{P50: 1000}
	x = comparisonOf(t, Judge(m), "first error 99")
	if x == nil || x.Predicted != nil || *x.Broken != SlowBackend || !strings.Contains(x.Text, "predicted none") {
		t.Errorf("came unforeseen: %+v", x)
	}
}

func TestRelativeErrorIsRelativeToTheLaw(t *testing.T) {
	says, seen := 2.0, 3.0
	c := evidence{}.compare(&law.FirstError99, &law.Compared{Predicted: &says, Measured: &seen, Tolerance: 0.1})
	if c.OK || math.Abs(*c.RelativeError-0.5) > 1e-12 {
		t.Errorf("%+v, want a relative error of 0.5", c)
	}
}

// TestComparisonsFitTheSchema: those that hold, and those that broke something.
func TestComparisonsFitTheSchema(t *testing.T) {
	odd := measured(setup(500, 1, 200, 10), 7.5, nil)
	odd.Plan.Predicted.FirstError99S = nil
	s := results.Summary{
		Schema:     results.SummarySchema,
		Size:       "quick",
		StartedUTC: "2026-11-23T10:15:00Z",
		PlanHash:   strings.Repeat("0", 64),
		Notes:      []string{},
		Variants:   []results.Variant{Judge(measured(setup(500, 1, 200, 10), 7.5, nil)), Judge(odd)},
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Summary(t, b); err != nil {
		t.Error(err)
	}
	for _, name := range []string{
		GeneratorLate, ConntrackFull, BucketsBelowK, PeerEjection, TimeWaitReused, FBelowOne,
		Pooled, DearConnect, PortsTaken, SlowBackend, Unexplained,
	} {
		s.Variants[0].Comparisons[0].Broken = &name
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.Summary(t, b); err != nil {
			t.Errorf("%s is not in the schema: %v", name, err)
		}
	}
}

// TestOnlyWhatTheLawSaysIsCompared: random sources come early by the split, and
// of a rate that is not constant the laws only estimate.
func TestOnlyWhatTheLawSaysIsCompared(t *testing.T) {
	split := func(sources int) Measured { // error 99 4 % early, of 500 ports in all
		m := measured(setup(500, 1, 200, 10), 7.5, nil)
		m.Plan.Sources = sources
		at := int64(2.4e9)
		m.Totals.FirstError = &at
		return m
	}
	if x := comparisonOf(t, Judge(split(1)), "first error 99"); x == nil || x.OK {
		t.Errorf("4 %% early with one source holds: %+v", x)
	}
	if x := comparisonOf(t, Judge(split(3)), "first error 99"); x == nil || !x.OK {
		t.Errorf("4 %% early with three random sources is a deviation: %+v", x)
	}
	ramp := measured(setup(500, 1, 200, 10), 7.5, nil)
	ramp.Plan.Profile, ramp.Plan.SteadyS = "ramp:10..400/10s", 0
	for _, x := range Judge(ramp).Comparisons {
		if x.Quantity != "tuples in use at the most" {
			t.Errorf("of a ramp %s was compared", x.Quantity)
		}
	}
}

// TestWholeSecondsAreAsExpected: a run on Linux 6.12, whose tcp_tw_reuse counts whole
// seconds, with 120 ports at 160 a second: the first error 99 after 1.402 s. It is as
// expected where the laws know that of the kernel, and not where they do not.
func TestWholeSecondsAreAsExpected(t *testing.T) {
	judged := func(wholeSeconds bool) results.Variant {
		s := setup(120, 1, 160, 5)
		s.TwReuse, s.ReuseWholeSeconds = 1, wholeSeconds
		m := measured(s, 2.4, nil)
		complete := s.Complete()
		m.Plan.Setup = &complete
		at, ok := int64(1.402e9), int64(172)
		m.Totals.FirstError, m.Totals.OKBefore = &at, &ok
		m.Totals.OK = 320
		m.Totals.Failed = m.Totals.Sent - m.Totals.OK
		m.Totals.Causes["upstream connect"] = m.Totals.Failed
		m.Totals.Errors.Error99, m.Proxy.Log.Error99 = m.Totals.Failed, m.Totals.Failed
		return Judge(m)
	}
	v := judged(true)
	if v.Verdict != law.Reproduced || v.AsExpected == nil || !*v.AsExpected {
		t.Errorf("%s, %s, as expected %v: %+v", v.Verdict, v.Why, v.AsExpected, v.Checks)
	}
	for quantity, text := range map[string]string{
		"first error 99": "predicted 0.75 to 1.50 s, measured 1.40 s", "ok before it": "predicted 120 to 240, measured 172",
		"ok in all": "predicted 304 to 344, measured 320",
	} {
		c := comparisonOf(t, v, quantity)
		if c == nil || !c.OK || c.Text != text || c.PredictedMost == nil || c.RelativeError == nil || *c.RelativeError != 0 {
			t.Errorf("%s: %+v, want %q", quantity, c, text)
		}
	}
	v = judged(false)
	if v.AsExpected == nil || *v.AsExpected {
		t.Errorf("as expected %v of a kernel of milliseconds: %+v", v.AsExpected, v.Checks)
	}
	if c := comparisonOf(t, v, "first error 99"); c == nil || c.OK || c.PredictedMost != nil {
		t.Errorf("%+v", c)
	}
}

// TestLateWithinAnIntervalIsNotPostponed: the baseline's tuples were used up before the
// tick and the variant's after it, by chance.
func TestLateWithinAnIntervalIsNotPostponed(t *testing.T) {
	for ports, want := range map[int]string{120: law.Reproduced, 360: law.Postponed} {
		base := setup(120, 1, 160, 5)
		base.TwReuse, base.ReuseWholeSeconds = 1, true
		s := base
		s.Ports = ports
		s.RatePerS = 400
		base.RatePerS = 400
		baseline := law.Predict(base)
		m := measured(s, 4, &baseline)
		at, ok := int64(1.9*float64(*m.Totals.FirstError)), int64(float64(ports)*1.9)
		m.Totals.FirstError, m.Totals.OKBefore = &at, &ok
		complete := s.Complete()
		m.Plan.Setup = &complete
		if v := Judge(m); v.Verdict != want || v.Expected != want {
			t.Errorf("%d ports: %s, %s; expected %s, want %s", ports, v.Verdict, v.Why, v.Expected, want)
		}
	}
}

// TestDeadBackendsAreTheProxysOwn: max_fails is nginx's, and other kinds have a blackout.
func TestDeadBackendsAreTheProxysOwn(t *testing.T) {
	for proxy, nginxs := range map[string]bool{"nginx": true, "Varnish": false} {
		assumption, because := evidence{Proxy: proxy, NoLive: 5}.broke(law.MoreSevere)
		if assumption != PeerEjection || !strings.Contains(because, proxy) || strings.Contains(because, "max_fails") != nginxs {
			t.Errorf("%s: %s: %s", proxy, assumption, because)
		}
	}
}
