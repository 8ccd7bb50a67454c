package law

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestShareOfARaceRestates: a prediction for f = 1, with the f that came.
func TestShareOfARaceRestates(t *testing.T) {
	p := Predict(Setup{Ports: 300, RatePerS: 200, CloseShare: 1, Duration: 20 * time.Second})
	half := p.WithShare(0.5, 0, 20)
	want := Predict(Setup{Ports: 300, RatePerS: 200, CloseShare: 0.5, Duration: 20 * time.Second})
	if *half.FirstError99S != *want.FirstError99S || *half.OKBeforeError99 != *want.OKBeforeError99 ||
		half.Rho != want.Rho || half.Verdict != want.Verdict {
		t.Errorf("at f = 0.5 %+v, want %+v", half, want)
	}
	within(t, "successes per second", half.SteadyOKPerS, *want.SteadyOKPerS, 1e-9)
	if few := p.WithShare(0.02, 0, 20); few.FirstError99S != nil || few.Verdict != Mitigated || few.Rho > 0.9 ||
		*few.SteadyOKPerS != 200 {
		t.Errorf("at f = 0.02 the load factor is below 0.9: %+v", few)
	}
	if edge := p.WithShare(0.0242, 0, 20); edge.Verdict != Inconclusive || edge.FirstError99S != nil {
		t.Errorf("between 0.9 and 1: %+v", edge)
	}
	if late := p.WithShare(0.05, 0, 20); late.Verdict != Inconclusive || *late.FirstError99S != 30 {
		t.Errorf("later than the run: %+v", late)
	}
}

// TestShareOfARaceWithRequestsUnderWay: they hold their tuples whoever closes.
func TestShareOfARaceWithRequestsUnderWay(t *testing.T) {
	s := Setup{Ports: 300, RatePerS: 100, InFlight: 100, CloseShare: 1, Duration: 20 * time.Second}.Complete()
	half := s
	half.CloseShare = 0.5
	if got, want := Predict(s).WithShare(0.5, 100, 20), Predict(half); math.Abs(*got.FirstError99S-*want.FirstError99S) > 1e-9 {
		t.Errorf("first error 99 after %g s, want %g", *got.FirstError99S, *want.FirstError99S)
	}
	s.InFlight = 400 // more than there are ports: no TIME_WAIT is needed
	if got := Predict(s).WithShare(0.1, 400, 20); *got.FirstError99S != 3 {
		t.Errorf("first error 99 after %g s, want 3", *got.FirstError99S)
	}
}

// TestChanceRanksNobody: in a race, and of random arrivals, a later moment is no
// mitigation's doing.
func TestChanceRanksNobody(t *testing.T) {
	base := Predict(Setup{Ports: 300, RatePerS: 200, CloseShare: 1, Duration: 20 * time.Second})
	later := Setup{Ports: 900, RatePerS: 200, CloseShare: 1, Duration: 20 * time.Second, Baseline: &base}.Complete()
	if p := Predict(later); p.Verdict != Postponed {
		t.Fatalf("three times the ports: %s", p.Verdict)
	}
	for _, s := range []Setup{
		func() Setup { s := later; s.Race = true; return s }(),
		func() Setup { s := later; s.Poisson = true; return s }(),
	} {
		if p := Predict(s); p.Verdict != Reproduced {
			t.Errorf("%+v is %s", s, p.Verdict)
		}
	}
}

// TestEarlyByRace draws who closes first, for four destinations in turn: all but a few in a
// thousand of the first errors come within the bound, and without it a third do not.
func TestEarlyByRace(t *testing.T) {
	const trials, n, tuples, f = 3000, 4, 100, 0.29
	random := rand.New(rand.NewPCG(1, 2))
	bound := EarlyByRace(f, n, tuples)
	beyond, beyondFivePercent := 0, 0
	for range trials {
		var lost [n]int
		requests := 0
		for ; lost[requests%n] < tuples; requests++ {
			if random.Float64() < f {
				lost[requests%n]++
			}
		}
		switch early := 1 - float64(requests)/(n*tuples/f); {
		case early > bound:
			beyond++
			fallthrough
		case early > 0.05:
			beyondFivePercent++
		}
	}
	if beyond > trials*5/1000 || beyondFivePercent < trials/3 {
		t.Errorf("of %d runs %d were earlier than by %.2f, and %d than by 0.05",
			trials, beyond, bound, beyondFivePercent)
	}
	for _, none := range []float64{EarlyByRace(f, 1, tuples), EarlyByRace(1, n, tuples), EarlyByRace(f, n, 0)} {
		if none != 0 {
			t.Errorf("%g where nothing is drawn", none)
		}
	}
}
