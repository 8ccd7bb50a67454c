package law

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/quick"
	"time"
)

// randomSetup draws around the edge between failing and not failing.
func randomSetup(r *rand.Rand) Setup {
	s := Setup{
		Ports: 1 + r.IntN(64512), Sources: 1 + r.IntN(4), Destinations: 1 + r.IntN(4),
		CloseShare: float64(r.IntN(101)) / 100, Churn: float64(1+r.IntN(100)) / 100,
		TwReuse: r.IntN(3), Loopback: r.IntN(2) == 0, Workers: 1 + r.IntN(4),
		Duration: time.Duration(1+r.IntN(200)) * time.Second,
	}.Complete()
	s = s.Complete()
	s.RatePerS = float64(s.Tuples()) / 61 * math.Exp(r.NormFloat64()*2)
	if r.IntN(2) == 0 {
		s.InFlight = float64(s.Tuples()) * r.Float64() * 1.2
	}
	if r.IntN(4) == 0 {
		s.MaxTwBuckets = 1 + r.IntN(2*s.Tuples())
	}
	return s
}

// property checks f on many setups, the same ones in every run.
func property(t *testing.T, f func(Setup) error) {
	t.Helper()
	r := rand.New(rand.NewPCG(99, 110))
	for range 20_000 {
		s := randomSetup(r)
		if err := f(s); err != nil {
			t.Fatalf("%v\n%+v\n%+v", err, s, Predict(s))
		}
	}
}

// orNever makes "never" the latest of all moments.
func orNever(at *float64) float64 {
	if at == nil {
		return math.Inf(1)
	}
	return *at
}

// later allows for rounding.
func later(a, b float64) bool { return a > b*(1+1e-9) }

func TestMoreLoadFailsSooner(t *testing.T) {
	property(t, func(s Setup) error {
		more := s
		more.RatePerS *= 1.3
		p, q := Predict(s), Predict(more)
		if later(orNever(q.FirstError99S), orNever(p.FirstError99S)) {
			return fmt.Errorf("30 %% more load postponed error 99 to %g", orNever(q.FirstError99S))
		}
		if q.Rho < p.Rho {
			return fmt.Errorf("30 %% more load lowered ρ to %g", q.Rho)
		}
		return nil
	})
}

func TestMoreTuplesFailLater(t *testing.T) {
	property(t, func(s Setup) error {
		more := s
		more.Destinations++
		p, q := Predict(s), Predict(more)
		if later(orNever(p.FirstError99S), orNever(q.FirstError99S)) {
			return fmt.Errorf("one more destination brought error 99 forward to %g", orNever(q.FirstError99S))
		}
		if q.Rho > p.Rho {
			return fmt.Errorf("one more destination raised ρ to %g", q.Rho)
		}
		if p.SteadyOKPerS != nil && later(*p.SteadyOKPerS, *q.SteadyOKPerS) {
			return fmt.Errorf("one more destination lowered the steady rate to %g", *q.SteadyOKPerS)
		}
		return nil
	})
}

// What matters is the ratio of rate to tuples: twice of both is the same run.
// The collapse is left out, since its cost grows with the range itself.
func TestScaleInvariance(t *testing.T) {
	property(t, func(s Setup) error {
		s.Workers = 1 << 30
		twice := s
		twice.Destinations *= 2
		twice.RatePerS *= 2
		twice.InFlight *= 2
		twice.MaxTwBuckets *= 2
		p, q := Predict(s), Predict(twice)
		if a, b := orNever(p.FirstError99S), orNever(q.FirstError99S); a != b && math.Abs(a-b) > 1e-9*a {
			return fmt.Errorf("first error 99 moved to %g", b)
		}
		if math.Abs(p.Rho-q.Rho) > 1e-9 || p.Verdict != q.Verdict {
			return fmt.Errorf("ρ %g, verdict %s", q.Rho, q.Verdict)
		}
		return nil
	})
}

func TestPredictionIsConsistent(t *testing.T) {
	property(t, func(s Setup) error {
		p := Predict(s)
		switch {
		case (p.FirstError99S == nil) != (p.OKBeforeError99 == nil):
			return fmt.Errorf("a first error and a count before it go together")
		case *p.SteadyOKPerS > s.RatePerS || *p.SteadyOKPerS < 0:
			return fmt.Errorf("steady rate %g", *p.SteadyOKPerS)
		case p.FirstError99S != nil && *p.FirstError99S <= 0:
			return fmt.Errorf("error 99 before the load")
		case p.CollapseS != nil && p.FirstError99S != nil && *p.CollapseS > *p.FirstError99S:
			return fmt.Errorf("collapse at %g after error 99 at %g", *p.CollapseS, *p.FirstError99S)
		case p.Verdict == NotReproduced && !s.Masked() && (p.Rho > SteadyRho || p.FirstError99S != nil):
			return fmt.Errorf("called quiet at ρ %g", p.Rho)
		}
		return nil
	})
}

// Any Setup at all gets an answer, without NaN or panic.
func TestNonsenseIsNone(t *testing.T) {
	f := func(ports, sources, destinations int16, rate, share, inFlight, churn int32, keepalive, workers, buckets int16) bool {
		p := Predict(Setup{
			Ports:        int(ports),
			Sources:      int(sources),
			Destinations: int(destinations),
			RatePerS:     float64(rate),
			CloseShare:   float64(share),
			InFlight:     float64(inFlight),
			Churn:        float64(churn),
			Keepalive:    int(keepalive),
			Workers:      int(workers),
			MaxTwBuckets: int(buckets),
		})
		return p.Rho >= 0 && orNever(p.FirstError99S) >= 0 && orNever(p.CollapseS) >= 0 && p.Verdict != ""
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e308, 1e-308} {
		for _, s := range []Setup{
			{Ports: 300, RatePerS: x, CloseShare: 1}, {Ports: 300, RatePerS: 200, CloseShare: x}, {
				Ports:      300,
				RatePerS:   200,
				CloseShare: 1,
				Churn:      x,
			},
			{
				Ports:      300,
				RatePerS:   200,
				CloseShare: 1,
				InFlight:   x,
			}, {
				Ports:      300,
				RatePerS:   x,
				CloseShare: 1,
				InFlight:   x,
				Poisson:    true,
			},
		} {
			o := SteadyStateOf(s, 1e-6)
			for _, got := range []float64{
				Predict(s).Rho,
				orNever(o.FirstError99S),
				o.SteadyOKPerS,
				o.SteadyFailedShare,
				orNever(o.SafeRatePerS),
				orNever(o.CliffS),
			} {
				if math.IsNaN(got) || got < 0 {
					t.Errorf("%+v: %g", s, got)
				}
			}
		}
	}
}

// TestLooksAreMonotone: more rate is never better; more ports or destinations
// never worse, once the workers can afford any connect().
func TestLooksAreMonotone(t *testing.T) {
	property(t, func(s Setup) error {
		s.Workers = 1 << 30
		s.MaxTwBuckets = 0
		// Connections live as long at any rate: c follows R.
		faster := s
		faster.RatePerS, faster.InFlight = s.RatePerS*1.3, s.InFlight*1.3
		if err := noBetter(SteadyStateOf(faster, 0), SteadyStateOf(s, 0), "30 % more load"); err != nil {
			return err
		}
		wider, more := s, s
		wider.Ports += 1 + s.Ports/10
		more.Destinations++
		if err := noBetter(SteadyStateOf(s, 0), SteadyStateOf(wider, 0), "10 % fewer ports"); err != nil {
			return err
		}
		return noBetter(SteadyStateOf(s, 0), SteadyStateOf(more, 0), "one destination less")
	})
}

// noBetter says in what the worse setup is better off.
func noBetter(worse, better SteadyState, what string) error {
	for _, c := range []struct {
		of            string
		worse, better float64
	}{
		{"the first error 99", orNever(worse.FirstError99S), orNever(better.FirstError99S)},
		{"half the range", orNever(worse.CliffS), orNever(better.CliffS)},
		{"the safe rate", orNever(worse.SafeRatePerS), orNever(better.SafeRatePerS)},
		{"the rate of the cliff", orNever(worse.CliffRatePerS), orNever(better.CliffRatePerS)},
		{"the share that succeeds", 1 - worse.SteadyFailedShare, 1 - better.SteadyFailedShare},
	} {
		if later(c.worse, c.better) {
			return fmt.Errorf("%s improved %s from %g to %g", what, c.of, c.better, c.worse)
		}
	}
	return nil
}

// TestSteadyStatesHaveLimits: without load nothing fails, and neither with ports
// enough; with a single port nearly everything does.
func TestSteadyStatesHaveLimits(t *testing.T) {
	property(t, func(s Setup) error {
		s.MaxTwBuckets = 0
		idle, vast, one := s, s, s
		idle.RatePerS, idle.InFlight = 1e-9, 0
		vast.Ports = 1 << 50
		one.Ports, one.Sources, one.Destinations, one.CloseShare, one.Workers = 1, 1, 1, 1, 1<<30
		one.RatePerS, one.TwReuse = 1000, 0
		for _, quiet := range []Setup{idle, vast} {
			if o := SteadyStateOf(quiet, 0); o.FirstError99S != nil || o.CliffS != nil || o.SteadyFailedShare != 0 ||
				o.Verdict != NotReproduced {
				return fmt.Errorf("failures without need: %+v", o)
			}
		}
		if o := SteadyStateOf(one, 0); o.FirstError99S == nil || o.Tuples != 1 ||
			one.Churn*61*1000 > 100 && o.SteadyFailedShare < 0.9 {
			return fmt.Errorf("one port is enough for 1000 requests a second: %+v", o)
		}
		return nil
	})
}

// TestIdentities: what the laws say of each other.
func TestIdentities(t *testing.T) {
	property(t, func(s Setup) error {
		s.Workers, s.InFlight = 1<<30, 0
		p := Predict(s)
		k := float64(s.Tuples())
		if first := p.FirstError99S; first != nil {
			if want := k / s.CloseShare / s.Churn; math.Abs(float64(*p.OKBeforeError99)-want) > 0.5 {
				return fmt.Errorf("%d successes before error 99, want K/(f·churn) = %g", *p.OKBeforeError99, want)
			}
			if math.Abs(*first*s.RatePerS-k/s.CloseShare/s.Churn) > 1e-6*k/s.CloseShare/s.Churn {
				return fmt.Errorf("R·t = %g, want K/(f·churn)", *first*s.RatePerS)
			}
			// Over whole periods the saw-tooth averages to the steady rate.
			period := s.HoldTime().Seconds()
			if got, want := s.OKIn(7*period), *p.SteadyOKPerS*7*period; math.Abs(got-want) > 1e-6*want {
				return fmt.Errorf("%g successes in 7 periods, the steady rate makes %g", got, want)
			}
			if s.Blocking() < 1-1/s.Rho()-1e-9 && s.MaxTwBuckets == 0 {
				return fmt.Errorf("random arrivals fail less (%g) than even ones", s.Blocking())
			}
		}
		if s.MaxTwBuckets == 0 && s.CloseShare > 0 {
			if got := *s.SafeRate(); math.Abs(got*s.Rho()-s.RatePerS) > 1e-6*s.RatePerS {
				return fmt.Errorf("ρ·R_safe = %g, want R", got*s.Rho())
			}
			if half := *s.CliffRate(); math.Abs(2*half-*s.SafeRate()) > 1e-6*half {
				return fmt.Errorf("the cliff at %g/s is not half of %g/s", half, *s.SafeRate())
			}
		}
		return nil
	})
}
