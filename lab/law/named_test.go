package law

import (
	"testing"
	"time"
)

// TestNamedPorts: bind() refuses a port by name until its TIME_WAIT is over, whatever
// tcp_tw_reuse and the number of destinations, and error 99 does not come.
func TestNamedPorts(t *testing.T) {
	s := Setup{
		Ports: 200, Destinations: 3, RatePerS: 100, CloseShare: 1, NamedPorts: 10, TwReuse: 1,
		Duration: 5 * time.Second, Baseline: &Prediction{},
	}
	p := Predict(s)
	if p.Tuples != 10 || p.FirstError99S != nil || p.Verdict != NotReproduced || p.HoldS != TimeWait.Seconds() {
		t.Errorf("ten named ports at 100/s: %+v, want K = 10, no error 99 and not-reproduced", p)
	}
	near(t, "ρ", p.Rho, 610, 0.001)
	near(t, "successes a second in the long run", *p.SteadyOKPerS, 10/TimeWait.Seconds(), 0.001)
	for rate, want := range map[float64]string{0.1: Mitigated, 0.155: Inconclusive, 0.2: Inconclusive} {
		s.RatePerS = rate
		if p := Predict(s); p.Verdict != want {
			t.Errorf("at %g/s for 5 s: %s, want %s", rate, p.Verdict, want)
		}
	}
	s.RatePerS = 100
	for ok, want := range map[float64]bool{10: true, 11: false, 200: false} {
		r := Run{Setup: s.Complete(), Predicted: Predict(s), EndS: 5, Measured: func(string) *float64 { return &ok }}
		if c := NamedOK.Check(r); c == nil || c.OK != want {
			t.Errorf("%g successes: %+v, want %t", ok, c, want)
		}
	}
	s.NamedPorts = 0
	r := Run{Setup: s.Complete(), Predicted: Predict(s), EndS: 5, Measured: func(string) *float64 { return nil }}
	if NamedOK.Check(r) != nil || NamedOK.Compare(r) != nil {
		t.Error("the law speaks of a run in which the kernel chooses")
	}
}
