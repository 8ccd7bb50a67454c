package law

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// near fails unless got is within a share of want.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*math.Abs(want) {
		t.Errorf("%s = %g, want %g within %g %%", what, got, want, 100*share)
	}
}

// TestSawtoothMatchesMeasuredRuns counts the successes of runs longer than T.
func TestSawtoothMatchesMeasuredRuns(t *testing.T) {
	for _, c := range []struct {
		name     string
		setup    Setup
		seconds  float64
		measured float64
		share    float64 // tolerance
	}{
		{"150 s of 1000 ports", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}, 150, 3000, 0},
		{"75 s", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}, 75, 2000, 0},
		{"the race, 100 s at 200/s", Setup{Ports: 1000, RatePerS: 200, CloseShare: 0.453}, 100, 4607, 0.05},
		{"FIN_WAIT2 of 60 s", Setup{Ports: 300, RatePerS: 100, CloseShare: 1, LateClose: 20 * time.Second}, 14, 300, 0},
		{
			name:     "the same under reuse=1",
			setup:    Setup{Ports: 300, RatePerS: 100, CloseShare: 1, LateClose: 20 * time.Second, TwReuse: 1},
			seconds:  14,
			measured: 300,
		},
		{
			name:     "FIN_WAIT2 of 5 s",
			setup:    Setup{Ports: 300, RatePerS: 100, CloseShare: 1, LateClose: 20 * time.Second, FinTimeout: 5 * time.Second},
			seconds:  14,
			measured: 900,
		},
		{
			name:     "FIN_WAIT2 of 1 s",
			setup:    Setup{Ports: 300, RatePerS: 100, CloseShare: 1, LateClose: 20 * time.Second, FinTimeout: time.Second},
			seconds:  14,
			measured: 1399,
			share:    0.001,
		},
		{"reuse=1 beyond its ceiling, paced", Setup{Ports: 300, RatePerS: 400, CloseShare: 1, TwReuse: 1}, 15, 4282, 0.06},
		{"slow backend behind a pool", Setup{Ports: 100, RatePerS: 60, InFlight: 180, Churn: 1}, 12, 400, 0.01},
		{"nothing fails", Setup{Ports: 1000, RatePerS: 10, CloseShare: 1}, 100, 1000, 0},
	} {
		t.Run(c.name, func(t *testing.T) { near(t, "successes", c.setup.Complete().OKIn(c.seconds), c.measured, c.share) })
	}
	w := Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}.Complete().Sawtooth()
	if w == nil || w.OKS != 10 || w.FailingS != 51 || w.OK != 1000 || w.PeriodMin != 60*time.Second ||
		w.PeriodMax != 62048*time.Millisecond {
		t.Errorf("saw-tooth %+v, want 10 s of success in 60 to 62.05 s", w)
	}
	if w := (Setup{Ports: 1000, RatePerS: 10, CloseShare: 1}).Complete().Sawtooth(); w != nil {
		t.Errorf("saw-tooth %+v of a run without failures", w)
	}
}

func TestReuseCeiling(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup Setup
		want  float64 // measured; 0: no ceiling, as there is no reuse
	}{
		{"1000 ports", Setup{Ports: 1000, TwReuse: 1}, 1000},
		{"half the delay", Setup{Ports: 1000, TwReuse: 1, ReuseDelay: 500 * time.Millisecond}, 2002},
		{"twice the delay, averaged", Setup{Ports: 1000, TwReuse: 1, ReuseDelay: 2 * time.Second}, 500.5},
		{"100 ports", Setup{Ports: 100, TwReuse: 1}, 100},
		{"2 on loopback", Setup{Ports: 1000, TwReuse: 2, Loopback: true}, 1000},
		{"2 elsewhere", Setup{Ports: 1000, TwReuse: 2}, 0},
		{"no timestamps", Setup{Ports: 1000, TwReuse: 1, NoTimestamps: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.setup.Complete().ReuseCeiling(); c.want == 0 {
				never(t, "ceiling", got)
			} else {
				within(t, "ceiling", got, c.want, 0.002*c.want)
			}
		})
	}
}

func TestFinWait2Holds(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup Setup
		want  time.Duration
	}{
		{"a backend that closes", Setup{FinTimeout: 5 * time.Second}, TimeWait},
		{"one that never does", Setup{LateClose: time.Hour}, 60 * time.Second},
		{"one that never does, and reuse", Setup{LateClose: time.Hour, TwReuse: 1}, 60 * time.Second},
		{"short tcp_fin_timeout", Setup{LateClose: 20 * time.Second, FinTimeout: 5 * time.Second}, 5 * time.Second},
		{"late, but in time", Setup{LateClose: 20 * time.Second}, 81 * time.Second},
		{"late, but in time, and reuse", Setup{LateClose: 20 * time.Second, TwReuse: 1}, 21 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.setup.Complete().HoldTime(); got != c.want {
				t.Errorf("held %v, want %v", got, c.want)
			}
		})
	}
}

func TestBucketsMask(t *testing.T) {
	s := Setup{Ports: 1000, RatePerS: 100, CloseShare: 1, MaxTwBuckets: 500}.Complete()
	if !s.Masked() {
		t.Error("500 buckets below 1000 ports do not mask")
	}
	near(t, "overflow, measured 5993", s.TwOverflow(70), 5993, 0.002)
	few := Setup{Ports: 300, RatePerS: 100, CloseShare: 1, MaxTwBuckets: 100}.Complete()
	near(t, "overflow, measured 2894", few.TwOverflow(30), 2894, 0.003)
	for name, s := range map[string]Setup{
		"more buckets than ports": {Ports: 1000, RatePerS: 100, CloseShare: 1, MaxTwBuckets: 1001},
		"no shortage to mask":     {Ports: 1000, RatePerS: 10, CloseShare: 1, MaxTwBuckets: 500},
		"in flight fills it":      {Ports: 1000, RatePerS: 100, CloseShare: 1, MaxTwBuckets: 500, InFlight: 501},
	} {
		if s.Masked() {
			t.Errorf("%s: masked", name)
		}
	}
}

func TestEjectionHidesError99(t *testing.T) {
	const ten = 10 * time.Second
	for _, c := range []struct {
		name              string
		e                 Ejection
		failed            int
		seconds           int
		lines, noLive     int
		linesTol, deadTol float64
	}{
		{"three peers, defaults", Ejection{Peers: 3, MaxFails: 1, FailTimeout: ten}, 5099, 25, 9, 5096, 0, 0},
		{"without a retry", Ejection{Peers: 3, MaxFails: 1, FailTimeout: ten, NoRetry: true}, 5099, 25, 9, 5090, 0, 0},
		{"fail_timeout=1s", Ejection{Peers: 3, MaxFails: 1, FailTimeout: time.Second}, 5099, 25, 42, 5085, 0.08, 0.001},
		{"max_fails=0", Ejection{Peers: 3, FailTimeout: ten}, 5099, 25, 15297, 0, 0, 0},
		{"one peer: max_fails is ignored", Ejection{Peers: 1, MaxFails: 1, FailTimeout: ten}, 11999, 60, 11999, 0, 0, 0},
		{"one peer beside one that is down", Ejection{Peers: 1, MaxFails: 1, FailTimeout: ten, Beside: true}, 5099, 25, 3, 5096, 0, 0},
		{"no outage", Ejection{Peers: 3, MaxFails: 1, FailTimeout: ten}, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, noLive := c.e.Lines(c.failed, time.Duration(c.seconds)*time.Second)
			near(t, "lines of error 99", float64(lines), float64(c.lines), c.linesTol)
			near(t, "no live upstreams", float64(noLive), float64(c.noLive), c.deadTol)
		})
	}
}

// TestLookAtTheDefaultRange is the example of `lab99 predict`.
func TestLookAtTheDefaultRange(t *testing.T) {
	s := Setup{Ports: 28232, RatePerS: 900, CloseShare: 1, Workers: 1 << 20}.Complete()
	o := SteadyStateOf(s, 0)
	within(t, "first error 99", o.FirstError99S, 28232.0/900, 1e-9)
	within(t, "cliff", o.CliffS, 14116.0/900, 1e-9)
	within(t, "safe rate", o.SafeRatePerS, 28232.0/61, 1e-9)
	within(t, "cliff rate", o.CliffRatePerS, 231.4, 0.05)
	near(t, "after the cliff", o.AfterCliffPerWorker, 270, 0.06)
	near(t, "failing", o.SteadyFailedShare, 1-462.82/900, 0.001)
	if o.Tuples != 28232 || *o.OKBeforeError99 != 28232 || o.Verdict != Reproduced {
		t.Errorf("%+v", o)
	}
	random := SteadyStateOf(s, 1e-6)
	if *random.SafeRatePerS >= *o.SafeRatePerS || *random.SafeRatePerS < 0.95**o.SafeRatePerS {
		t.Errorf("safe rate %g for random arrivals, want a little below %g", *random.SafeRatePerS, *o.SafeRatePerS)
	}
	s.Workers = 1
	one := SteadyStateOf(s, 0)
	never(t, "first error 99 with one worker", one.FirstError99S)
	if one.Verdict != Collapsed || one.SteadyOKPerS < one.AfterCliffPerWorker || one.SteadyOKPerS > o.SteadyOKPerS {
		t.Errorf("one worker: %s, %g/s", one.Verdict, one.SteadyOKPerS)
	}
}

func TestMitigations(t *testing.T) {
	s := Setup{Ports: 28232, RatePerS: 900, CloseShare: 1, Workers: 1 << 20, Duration: ForEver}.Complete()
	base := Predict(s)
	want := map[string]string{
		"keepalive": Mitigated, "tw-reuse": Mitigated, "wider-range": Mitigated, "multi-ip": Mitigated, "multi-port": Mitigated,
		"multi-source": Mitigated, "multi-source-ip": Mitigated, "same-address": Reproduced, "fin-timeout": Reproduced, "all": Mitigated,
	}
	seen := map[string]bool{}
	for _, m := range Mitigations(s) {
		m.Setup.Baseline = &base
		if got := SteadyStateOf(m.Setup, 0).Verdict; got != want[m.Name] {
			t.Errorf("%s: %s, want %s", m.Name, got, want[m.Name])
		}
		seen[m.Name] = true
	}
	if len(seen) != len(want) {
		t.Errorf("%d mitigations, want %d", len(seen), len(want))
	}
	for _, m := range Mitigations(Setup{Ports: 28232, RatePerS: 3000, CloseShare: 1, Workers: 1 << 20}) {
		m.Setup.Baseline = &Prediction{FirstError99S: new(float64)}
		if m.Name == "multi-ip" && SteadyStateOf(m.Setup, 0).Verdict != Postponed {
			t.Error("three addresses at 3000/s do not only postpone")
		}
	}
}

// TestPoolFillsOnce: the connections that fill a pool hold tuples and leave no
// TIME_WAIT, however short the run.
func TestPoolFillsOnce(t *testing.T) {
	almost := Setup{
		Ports:           100,
		RatePerS:        60,
		CloseShare:      1,
		InFlight:        80,
		Keepalive:       256,
		RequestsPerConn: 601,
		Duration:        8 * time.Second,
	}.Complete()
	p := Predict(almost)
	never(t, "error 99 with a tuple left", p.FirstError99S)
	if p.Rho > 0.1 {
		t.Errorf("load factor %g of a pool that only fills", p.Rho)
	}
	slow := Setup{
		Ports:           100,
		RatePerS:        60,
		CloseShare:      1,
		InFlight:        180,
		Keepalive:       256,
		RequestsPerConn: 601,
	}.Complete()
	for _, d := range []time.Duration{12 * time.Second, ForEver} {
		slow.Duration = d
		near(t, "successes behind a pool and a backend of 3 s, measured 33/s", *Predict(slow).SteadyOKPerS, 33, 0.05)
	}
}

// TestRequestsUnderWayLeaveNoRoom: nothing fails, but a busier minute would.
func TestRequestsUnderWayLeaveNoRoom(t *testing.T) {
	s := Setup{
		Ports:      100,
		RatePerS:   95,
		CloseShare: 0,
		InFlight:   95,
		Duration:   ForEver,
		Baseline:   &Prediction{},
	}.Complete()
	if p := Predict(s); p.Verdict != Inconclusive {
		t.Errorf("95 of 100 tuples under way are %s", p.Verdict)
	}
	if got := s.Occupied(); got != 0.95 {
		t.Errorf("%g of the tuples are taken, want 0.95", got)
	}
}

// TestBucketsAtTheEdge: with as many buckets as tuples all of them can be held.
func TestBucketsAtTheEdge(t *testing.T) {
	s := Setup{
		Ports:        300,
		RatePerS:     100,
		CloseShare:   1,
		MaxTwBuckets: 300,
		Duration:     60 * time.Second,
		Baseline:     &Prediction{},
	}.Complete()
	if p := Predict(s); s.Masked() || p.FirstError99S == nil || *p.FirstError99S != 3 {
		t.Errorf("300 buckets hide the end of 300 tuples: %+v", p)
	}
	s.MaxTwBuckets = 299
	if p := Predict(s); !s.Masked() || p.FirstError99S != nil || p.Verdict != Mitigated {
		t.Errorf("299 buckets do not hide the end of 300 tuples: %+v", p)
	}
	// A backend of 1 s: 50 tuples are left for requests under way.
	s = Setup{Ports: 100, RatePerS: 10, InFlight: 10, CloseShare: 1, MaxTwBuckets: 50}.Complete()
	within(t, "safe rate", s.SafeRate(), 50, 1e-9)
}

// TestBurstsFailInTheirBurst holds the law against pools of 1, 4 and 16 that met
// bursts of 64 every 200 ms, on 1,000 ports.
func TestBurstsFailInTheirBurst(t *testing.T) {
	for keepalive, measured := range map[int]float64{1: 3.0, 4: 3.2, 16: 4.0} {
		s := Setup{
			Ports: 1000, RatePerS: 320, CloseShare: 1, Burst: 200 * time.Millisecond,
			Churn: Pool{Keepalive: keepalive, RequestsPerConn: 601, Concurrency: 64}.Churn(),
		}
		within(t, fmt.Sprintf("first error 99 of a pool of %d", keepalive), Predict(s).FirstError99S, measured, 1e-9)
	}
}

// TestRandomArrivalsAreLost: with Poisson arrivals at ρ = 1 some find the table
// full, which evenly spaced ones never do.
func TestRandomArrivalsAreLost(t *testing.T) {
	s := Setup{Ports: 300, RatePerS: 300, CloseShare: 1, TwReuse: 1, Duration: 15 * time.Second}.Complete()
	if p := Predict(s); p.FirstError99S != nil {
		t.Errorf("even arrivals fail after %g s", *p.FirstError99S)
	}
	s.Poisson = true
	p := Predict(s)
	if p.Verdict != Reproduced || p.FirstError99S == nil || *p.FirstError99S > 2 {
		t.Errorf("random arrivals at ρ = 1: %+v", p)
	}
	near(t, "successes per second", *p.SteadyOKPerS, 300*(1-ErlangB(300, 300)), 1e-9)
	s.RatePerS = 200
	if p := Predict(s); p.FirstError99S != nil || p.Verdict == Reproduced {
		t.Errorf("random arrivals at ρ = 0.67 fail: %+v", p)
	}
	s.InFlight = 100
	if ErlangB(300, 300) != s.Blocking() {
		t.Error("requests under way are no load")
	}
}

// TestRequestsUnderWayLowerTheSafeRate: each holds its tuple before TIME_WAIT does.
func TestRequestsUnderWayLowerTheSafeRate(t *testing.T) {
	s := Setup{Ports: 1000, RatePerS: 10, InFlight: 100, CloseShare: 1}.Complete() // a backend of 10 s
	within(t, "safe rate", s.SafeRate(), 1000.0/71, 1e-9)
	within(t, "rate at which half is taken", s.CliffRate(), 500.0/71, 1e-9)
	for _, m := range Mitigations(s) {
		if m.Name == "keepalive" && m.Setup.Keepalive != 101 {
			t.Errorf("a pool of %d for 100 requests under way, want room for one more", m.Setup.Keepalive)
		}
	}
	collapsing := Setup{Ports: 28232, RatePerS: 900, CloseShare: 1, Churn: 0.9}.Complete()
	whole := collapsing
	whole.RatePerS, whole.Churn = 810, 1
	near(t, "requests served after a collapse, by connections",
		*Predict(collapsing).SteadyOKPerS*0.9, *Predict(whole).SteadyOKPerS, 1e-9)
}

// TestBurstLargerThanTheTable fails at once, whatever pool is behind it.
func TestBurstLargerThanTheTable(t *testing.T) {
	s := Setup{
		Ports:      50,
		RatePerS:   320,
		CloseShare: 1,
		Burst:      200 * time.Millisecond,
		Churn:      0.002,
		Duration:   8 * time.Second,
	}.Complete()
	if p := Predict(s); p.FirstError99S == nil || *p.FirstError99S != 0 || *p.OKBeforeError99 != 50 {
		t.Errorf("64 at once on 50 ports: %+v", p)
	}
	s.BurstSize = 40 // no more connections than that are there to be used
	if p := Predict(s); p.FirstError99S != nil {
		t.Errorf("40 at once on 50 ports: %+v", p)
	}
}

// TestLinesOfPeersThatFillAlike: a request that the other peer serves leaves a line
// as well. In a race no peer fills like the next, and there are such requests.
func TestLinesOfPeersThatFillAlike(t *testing.T) {
	figures := map[string]float64{"first_error_99_s": 5, "failed": 1000, "log_error_99": 2012}
	for race, compared := range map[bool]bool{false: true, true: false} {
		r := Run{EndS: 10, Setup: Setup{
			Ports:        500,
			Destinations: 2,
			RatePerS:     200,
			Race:         race,
			Ejection:     Ejection{Peers: 2},
		}.Complete()}
		r.Measured = func(figure string) *float64 { return float(figures[figure]) }
		if got := LogLines.Compare(r); (got != nil) != compared {
			t.Errorf("race %v: %+v", race, got)
		}
	}
}

// TestClocksArePartOfTheTolerance of each moment: of two hosts' clocks no more is known.
func TestClocksArePartOfTheTolerance(t *testing.T) {
	measured := func(s Setup, at float64) Run {
		return Run{
			Setup:     s,
			Predicted: Predict(s),
			Restated:  Predict(s),
			EndS:      10,
			Measured:  func(string) *float64 { return &at },
		}
	}
	s := Setup{Ports: 500, RatePerS: 200, CloseShare: 1, Duration: 10 * time.Second}.Complete()
	for _, at := range []float64{2.5 + 0.06, 2.5 - 0.06} { // the law's own is 50 ms
		s.ClockBound = 0
		if c := FirstError99.Check(measured(s, at)); c.OK {
			t.Errorf("%g s is as the law has it: %s", at, c.Law)
		}
		s.ClockBound = 20 * time.Millisecond
		if c := FirstError99.Check(measured(s, at)); !c.OK {
			t.Errorf("%g s is not within %s", at, c.Law)
		}
		if c := FirstError99.Compare(measured(s, at)); c.Tolerance < 0.069 || c.Tolerance > 0.071 {
			t.Errorf("tolerance %g s, want 70 ms", c.Tolerance)
		}
	}
}
