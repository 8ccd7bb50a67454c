package law

import (
	"math"
	"testing"
	"time"
)

// within fails unless got is there and near want.
func within(t *testing.T, what string, got *float64, want, tolerance float64) {
	t.Helper()
	switch {
	case got == nil:
		t.Errorf("%s: never, want %g", what, want)
	case math.Abs(*got-want) > tolerance:
		t.Errorf("%s = %g, want %g ± %g", what, *got, want, tolerance)
	}
}

func never(t *testing.T, what string, got *float64) {
	t.Helper()
	if got != nil {
		t.Errorf("%s = %g, want never", what, *got)
	}
}

// TestFirstError99MatchesMeasuredRuns holds the law against runs of real nginx.
// measured is what was seen; the tolerance is the one runs are judged by.
func TestFirstError99MatchesMeasuredRuns(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name     string
		setup    Setup
		measured float64 // seconds
		ok       int     // 0: not counted
	}{
		{"1000 ports, 100/s", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}, 10.011, 1000},
		{"the same over IPv6", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}, 10.012, 1000},
		{"tcp_fin_timeout changes nothing", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}, 10.011, 1000},
		{"300 ports, 200/s", Setup{Ports: 300, RatePerS: 200, CloseShare: 1}, 1.507, 300},
		{"three addresses", Setup{Ports: 1000, Destinations: 3, RatePerS: 100, CloseShare: 1}, 30.011, 3000},
		{"three addresses, 300 ports", Setup{Ports: 300, Destinations: 3, RatePerS: 200, CloseShare: 1}, 4.506, 900},
		{"three ports of one address", Setup{Ports: 300, Destinations: 3, RatePerS: 200, CloseShare: 1}, 4.508, 900},
		{"two addresses", Setup{Ports: 300, Destinations: 2, RatePerS: 200, CloseShare: 1}, 3.006, 600},
		{"reuse=1 beyond its ceiling", Setup{Ports: 300, RatePerS: 400, CloseShare: 1, TwReuse: 1}, 0.753, 300},
		{"reuse=2 between hosts", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1, TwReuse: 2}, 10.011, 1000},
		{"loopback without reuse", Setup{Ports: 1000, RatePerS: 500, CloseShare: 1, Loopback: true}, 2.004, 1000},
		{
			name:     "reuse=1 without timestamps",
			setup:    Setup{Ports: 1000, RatePerS: 100, CloseShare: 1, TwReuse: 1, NoTimestamps: true},
			measured: 10.011,
			ok:       1000,
		},
		{"backend closes first half of the time", Setup{Ports: 1000, RatePerS: 200, CloseShare: 0.453}, 11.04, 2207},
		{"backend closes first mostly", Setup{Ports: 1000, RatePerS: 2000, CloseShare: 0.1164}, 4.3, 8592},
		{"slow backend", Setup{Ports: 100, RatePerS: 60, CloseShare: 1, InFlight: 180}, 1.684, 0},
		{"slow backend, reuse=1", Setup{Ports: 100, RatePerS: 60, CloseShare: 1, InFlight: 180, TwReuse: 1}, 1.688, 0},
		{"slow backend, pool", Setup{Ports: 100, RatePerS: 60, CloseShare: 1, InFlight: 180, Keepalive: 256}, 1.684, 0},
		{"quick size", Setup{Ports: 500, RatePerS: 200, CloseShare: 1}, 2.503, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.setup.Duration = day
			p := Predict(c.setup)
			within(t, "first error 99", p.FirstError99S, c.measured, Tolerance(c.measured))
			if c.ok > 0 && (p.OKBeforeError99 == nil || math.Abs(float64(*p.OKBeforeError99-c.ok)) > 0.001*float64(c.ok)) {
				t.Errorf("ok before it: %v, want %d", p.OKBeforeError99, c.ok)
			}
			if p.Verdict != Reproduced {
				t.Errorf("verdict %q, want %q", p.Verdict, Reproduced)
			}
		})
	}
}

func TestNoError99WhereNoneWasMeasured(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup Setup
	}{
		{"reuse=1 below its ceiling", Setup{Ports: 300, RatePerS: 200, CloseShare: 1, TwReuse: 1}},
		{"reuse=2 on loopback", Setup{Ports: 1000, RatePerS: 500, CloseShare: 1, TwReuse: 2, Loopback: true}},
		{"reuse=1, full range, 8800/s", Setup{Ports: 28232, RatePerS: 8800, CloseShare: 1, TwReuse: 1}},
		{"tw_buckets below the range", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1, MaxTwBuckets: 500}},
		{"short FIN_WAIT2", Setup{
			Ports:      300,
			RatePerS:   100,
			CloseShare: 1,
			LateClose:  20 * time.Second,
			FinTimeout: time.Second,
		}},
		{"pool", Setup{Ports: 500, RatePerS: 200, CloseShare: 1, Keepalive: 20, RequestsPerConn: 601, InFlight: 1}},
		{"proxy never closes first", Setup{Ports: 1000, RatePerS: 5000, CloseShare: 0, InFlight: 64}},
		{"below the steady rate", Setup{Ports: 1000, RatePerS: 10, CloseShare: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.setup.Duration = 70 * time.Second
			p := Predict(c.setup)
			never(t, "first error 99", p.FirstError99S)
			never(t, "collapse", p.CollapseS)
			if p.OKBeforeError99 != nil {
				t.Errorf("ok before a first error that never comes: %d", *p.OKBeforeError99)
			}
			within(t, "steady rate", p.SteadyOKPerS, c.setup.RatePerS, 0)
			if p.Verdict != NotReproduced {
				t.Errorf("verdict as a baseline %q, want %q", p.Verdict, NotReproduced)
			}
			c.setup.Baseline = &Prediction{}
			if p := Predict(c.setup); p.Verdict != Mitigated {
				t.Errorf("verdict against a baseline %q, want %q", p.Verdict, Mitigated)
			}
		})
	}
}

func TestSteadyRate(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup Setup
		want  float64
		tol   float64
	}{
		{"1000 ports", Setup{Ports: 1000, RatePerS: 100, CloseShare: 1}, 16.4, 0.05},
		{"quick size", Setup{Ports: 500, RatePerS: 200, CloseShare: 1}, 8.2, 0.05},
		{"reuse=1 ceiling, measured 285/s", Setup{Ports: 300, RatePerS: 400, CloseShare: 1, TwReuse: 1}, 300, 0.5},
		{
			name:  "slow backend behind a pool, measured 33/s",
			setup: Setup{Ports: 100, RatePerS: 60, CloseShare: 0, InFlight: 180, Churn: 1},
			want:  33.3,
			tol:   0.1,
		},
		{"half closed by the backend", Setup{Ports: 1000, RatePerS: 200, CloseShare: 0.5}, 32.8, 0.05},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, "steady rate", Predict(c.setup).SteadyOKPerS, c.want, c.tol)
		})
	}
}

func TestCollapseAtHalfTheRange(t *testing.T) {
	full := Setup{Ports: 28231, RatePerS: 2000, CloseShare: 1, Workers: 2, Duration: 90 * time.Second}.Complete()
	p := Predict(full)
	within(t, "collapse", p.CollapseS, 7.06, 0.01)
	within(t, "first error 99, measured 22 s at a lower scan cost", p.FirstError99S, 32.2, 0.5)
	if p.Verdict != Reproduced {
		t.Errorf("full size: verdict %q, want %q", p.Verdict, Reproduced)
	}
	full.Duration = 20 * time.Second
	if p := Predict(full); p.Verdict != Collapsed {
		t.Errorf("cut before error 99: verdict %q, want %q", p.Verdict, Collapsed)
	}
	full.Ports, full.Workers, full.Duration = 32768, 1, 90*time.Second
	if p := Predict(full); p.FirstError99S != nil || p.OKBeforeError99 != nil || p.Verdict != Collapsed {
		t.Errorf("one worker: %+v; the first half expires before the second is full", p)
	}
	for _, noise := range []Setup{
		{Ports: 500, RatePerS: 200, CloseShare: 1},
		{Ports: 4096, RatePerS: 1000, CloseShare: 1},
		{Ports: 4096, Destinations: 3, RatePerS: 1000, CloseShare: 1},
		{Ports: 28231, RatePerS: 200, CloseShare: 1, Workers: 2}, // never half full
	} {
		never(t, "collapse", Predict(noise).CollapseS)
	}
}

func TestVerdict(t *testing.T) {
	base := Setup{Ports: 500, RatePerS: 200, CloseShare: 1, Duration: 10 * time.Second}
	baseline := Predict(base)
	with := func(f func(*Setup)) Setup {
		s := base
		s.Baseline = &baseline
		f(&s)
		return s
	}
	for _, c := range []struct {
		name  string
		setup Setup
		want  string
	}{
		{"baseline", base, Reproduced},
		{"a change without effect", with(func(*Setup) {}), Reproduced},
		{"three addresses", with(func(s *Setup) { s.Destinations = 3 }), Postponed},
		{"a few ports more", with(func(s *Setup) { s.Ports = 505 }), Reproduced}, // not to be told from the baseline
		{"pool", with(func(s *Setup) { s.Keepalive, s.RequestsPerConn = 20, 601 }), Mitigated},
		{"reuse", with(func(s *Setup) { s.TwReuse = 1 }), Mitigated},
		{"slow leak in a short run", with(func(s *Setup) { s.Ports, s.Destinations = 1000, 3 }), Inconclusive},
		{"reuse just below its ceiling", with(func(s *Setup) { s.TwReuse, s.RatePerS = 1, 475 }), Inconclusive},
		{"baseline with ports to spare", Setup{
			Ports:      28231,
			RatePerS:   100,
			CloseShare: 1,
			Duration:   time.Minute,
		}, NotReproduced},
		{"no load", Setup{Ports: 500}, NotReproduced},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p := Predict(c.setup); p.Verdict != c.want {
				t.Errorf("verdict %q, want %q: %+v", p.Verdict, c.want, p)
			}
		})
	}
}

func TestPoolChurn(t *testing.T) {
	for _, c := range []struct {
		name string
		pool Pool
		want float64
	}{
		{"no pool", Pool{Concurrency: 64}, 1},
		{"as large as the concurrency, measured 64 connections for 4,000 requests",
			Pool{Keepalive: 64, Workers: 1, Concurrency: 64}, 0},
		{"workers multiply the pool, measured the same", Pool{Keepalive: 16, Workers: 4, Concurrency: 64}, 0},
		{"Apache's 600", Pool{Keepalive: 20, Workers: 1, RequestsPerConn: 601, Concurrency: 1}, 1.0 / 601},
		{"ten requests a connection, measured 0.100 to 0.108", Pool{
			Keepalive:       64,
			Workers:         1,
			RequestsPerConn: 10,
			Concurrency:     1,
		}, 0.1},
		{"one kept of 64, measured 0.88", Pool{Keepalive: 1, Workers: 1, Concurrency: 64}, 0.984},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.pool.Churn(); math.Abs(got-c.want) > 0.001 {
				t.Errorf("churn %g, want %g", got, c.want)
			}
		})
	}
}

// TestPoolChurnIsBounded holds the bounds against a pool that is too small, 64
// clients in a closed loop, and one in an open loop.
func TestPoolChurnIsBounded(t *testing.T) {
	const first = 64.0 / 4000 // the connections that filled the pool, of those measured per request
	for keepalive, measured := range map[int]float64{
		1:  0.88,
		2:  0.55,
		4:  0.28,
		8:  0.42,
		16: 0.19,
		32: 0.14,
		48: 0.06,
		63: 0.017,
		64: 0.016,
	} {
		p := Pool{Keepalive: keepalive, Workers: 1, Concurrency: 64}
		measured -= first
		if least, most := p.LeastChurn(), p.Churn(); measured < least || measured > most {
			t.Errorf("keepalive %d: measured %g is not between %g and %g", keepalive, measured, least, most)
		}
	}
	p := Pool{Keepalive: 8, Workers: 1, Concurrency: 16}
	if least, most := p.LeastChurn(), p.Churn(); least != 0 || most != 0.5 {
		t.Errorf("a pool of half the concurrency: %g to %g, want 0 to 0.5 (0.010 measured)", least, most)
	}
	if (Pool{Concurrency: 3}).LeastChurn() != 1 {
		t.Error("no pool churns every request")
	}
}

func TestPlateauCores(t *testing.T) {
	full := Setup{Ports: 28232, RatePerS: 136.5, CloseShare: 1}.Complete()
	near(t, "cores for 136.5 failures a second, measured 1", full.PlateauCores(1), 1, 0.05)
	quick := Setup{Ports: 500, RatePerS: 200, CloseShare: 1}.Complete()
	near(t, "three peers tried", quick.PlateauCores(3), 3*quick.PlateauCores(1), 1e-9)
	if c := quick.PlateauCores(1); c > 0.05 {
		t.Errorf("the quick size takes %g cores to fail", c)
	}
}

func TestError99LinesOfMarkedPeers(t *testing.T) {
	if got := Error99Lines(3, 25*time.Second, 10*time.Second); got != 9 {
		t.Errorf("%d lines, measured 9", got)
	}
	if got := Error99Lines(3, 0, 10*time.Second); got != 0 {
		t.Errorf("%d lines of no outage", got)
	}
}

func TestDemand(t *testing.T) {
	full := Setup{Ports: 28231, RatePerS: 2000, CloseShare: 1, Duration: 90 * time.Second}.Complete()
	if got := full.Tracked(); got != 28231 {
		t.Errorf("%g tracked connections, want every tuple once", got)
	}
	hour := Setup{Ports: 28231, RatePerS: 10, Duration: time.Hour}.Holding(10*time.Minute, true, false).Complete()
	if got := hour.Tracked(); got != 10*720 {
		t.Errorf("of connections held for 10 minutes %v are tracked, want those of 12", got)
	}
	if got := (Setup{Ports: 28231, RatePerS: 20, CloseShare: 1, Duration: time.Hour}).Complete().Tracked(); got != 2400 {
		t.Errorf("%g tracked connections, want those of two minutes", got)
	}
	if got := full.PeakTimeWait(); got != 28231 {
		t.Errorf("%g in TIME_WAIT at most, want every tuple", got)
	}
}

// TestPeakTimeWaitUnderReuse: tcp_tw_reuse takes old TIME_WAITs of one parity and
// leaves the other one free, so half the range bounds them, not a second's requests.
func TestPeakTimeWaitUnderReuse(t *testing.T) {
	for _, c := range []struct {
		name  string
		ports int
		rate  float64
		load  time.Duration
		want  float64
	}{
		{"measured: the example of standard size", 4096, 1000, 20 * time.Second, 2048},
		{"measured: the example of quick size", 500, 200, 10 * time.Second, 250},
		{"a load too short to fill half the range", 28232, 1000, 5 * time.Second, 5000},
		{"a minute too short for it", 28232, 200, time.Hour, 200 * 61},
		{"half the range gives too few back within the delay", 4096, 2100, time.Second, 2100},
		{"and each delay takes more of the other half", 4096, 2100, 10 * time.Second, 2048 + 10*52},
		{"up to the whole range", 4096, 4000, 20 * time.Second, 4096},
	} {
		s := Setup{Ports: c.ports, RatePerS: c.rate, CloseShare: 1, TwReuse: 1, Duration: c.load}.Complete()
		if got := s.PeakTimeWait(); got != c.want {
			t.Errorf("%s: %g in TIME_WAIT at most, want %g", c.name, got, c.want)
		}
	}
}

func TestTolerance(t *testing.T) {
	for predicted, want := range map[float64]float64{0.5: 0.030, 1.5: 0.030, 2.5: 0.05, 10: 0.2} {
		if got := Tolerance(predicted); math.Abs(got-want) > 1e-12 {
			t.Errorf("tolerance of %g s is %g s, want %g", predicted, got, want)
		}
	}
}
