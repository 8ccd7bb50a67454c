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
	}
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
		s.ScanPerPort = 1
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
		case p.Verdict == NotReproduced && (p.Rho > SteadyRho || p.FirstError99S != nil):
			return fmt.Errorf("called quiet at ρ %g", p.Rho)
		}
		return nil
	})
}

// Any Setup at all gets an answer, without NaN or panic.
func TestNonsenseIsNone(t *testing.T) {
	f := func(ports, sources, destinations int16, rate, share, inFlight, churn int32, keepalive, workers, buckets int16) bool {
		p := Predict(Setup{
			Ports: int(ports), Sources: int(sources), Destinations: int(destinations), RatePerS: float64(rate), CloseShare: float64(share),
			InFlight: float64(inFlight), Churn: float64(churn), Keepalive: int(keepalive), Workers: int(workers), MaxTwBuckets: int(buckets),
		})
		return p.Rho >= 0 && orNever(p.FirstError99S) >= 0 && orNever(p.CollapseS) >= 0 && p.Verdict != ""
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}
