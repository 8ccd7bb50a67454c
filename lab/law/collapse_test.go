package law

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// TestConnectCost holds the cost of connect() against the measured ranges.
func TestConnectCost(t *testing.T) {
	for _, c := range []struct {
		ports                            int
		after, afterMost, fail, failMost time.Duration
	}{
		{1000, 78 * time.Microsecond, 114 * time.Microsecond, 150 * time.Microsecond, 170 * time.Microsecond},
		{4096, 294 * time.Microsecond, 367 * time.Microsecond, 550 * time.Microsecond, 760 * time.Microsecond},
		{28232, 3560 * time.Microsecond, 4190 * time.Microsecond, 6700 * time.Microsecond, 10 * time.Millisecond},
		{64512, 8080 * time.Microsecond, 8460 * time.Microsecond, 0, time.Second}, // failing was not reached
	} {
		s := Setup{Ports: c.ports}.Complete()
		if got := s.ConnectCostAfter(); got < c.after || got > c.afterMost {
			t.Errorf("%d ports: connect() costs %v after half the range, measured %v to %v",
				c.ports, got, c.after, c.afterMost)
		}
		if got := s.FailingCost(); got < c.fail || got > c.failMost {
			t.Errorf("%d ports: a failing connect() costs %v, measured %v to %v", c.ports, got, c.fail, c.failMost)
		}
	}
	near(t, "ceiling at 4096 ports", Setup{Ports: 4096}.Complete().ConnectCeiling(), 2900, 0.05)
	near(t, "error responses a second of one core, measured 125 to 148",
		1/Setup{Ports: 28232}.Complete().FailingCost().Seconds(), 136.5, 0.09)
}

// workersAndPorts plays a run with more than the workers can connect once half
// the range is taken: one server for all workers, two parities of ports, and
// clients that leave a queue they have stood in for too long. It returns the
// successes per second over whole hold times.
func workersAndPorts(s Setup, patience float64, periods int) float64 {
	s = s.Complete()
	half := s.Tuples() / 2
	hold := s.HoldTime().Seconds()
	cheap, dear := ConnectCost.Seconds(), s.ConnectCostAfter().Seconds()
	fail := s.FailingCost().Seconds()
	var even, odd []float64 // when those taken come back, in order
	release := func(taken []float64, now float64) []float64 {
		for len(taken) > 0 && taken[0] <= now {
			taken = taken[1:]
		}
		return taken
	}
	end := hold * float64(periods)
	free, ok := 0.0, 0
	for n := 0; ; n++ {
		due := float64(n) / s.RatePerS
		if due > end {
			return float64(ok) / end
		}
		now := max(free, due)
		if now-due > patience {
			continue
		}
		even, odd = release(even, now), release(odd, now)
		cost := fail
		switch {
		case len(even) < half:
			even, cost, ok = append(even, now+hold), cheap, ok+1
		case len(odd) < half:
			odd, cost, ok = append(odd, now+hold), dear, ok+1
		}
		free = now + cost/float64(s.Workers)
	}
}

// TestSteadyRateAfterACollapse: a run that collapses serves, each T, half the
// table at the offered rate and what the workers can connect from then on.
func TestSteadyRateAfterACollapse(t *testing.T) {
	for _, s := range []Setup{
		{Ports: 28232, RatePerS: 900, CloseShare: 1},
		{Ports: 28232, RatePerS: 400, CloseShare: 1},
		{Ports: 28232, RatePerS: 900, CloseShare: 1, Workers: 2},
		{Ports: 28232, RatePerS: 2000, CloseShare: 1},
		{Ports: 64512, RatePerS: 900, CloseShare: 1},
	} {
		p := Predict(s)
		if !p.Estimated {
			t.Fatalf("%+v does not slow down", s)
		}
		near(t, fmt.Sprintf("successes per second at %g/s on %d ports",
			s.RatePerS, s.Ports), *p.SteadyOKPerS, workersAndPorts(s, 0.05, 4), 0.06)
	}
}

// TestRateIsSteadyAtTheCliff: the long-run rate does not jump where half the
// range begins to be taken.
func TestRateIsSteadyAtTheCliff(t *testing.T) {
	s := Setup{Ports: 28232, Destinations: 3, RatePerS: 694, CloseShare: 1}.Complete()
	below := *Predict(s).SteadyOKPerS
	s.RatePerS++
	if above := *Predict(s).SteadyOKPerS; math.Abs(above-below) > 2 {
		t.Errorf("%g/s succeed of 694, and %g/s of 695", below, above)
	}
}

func TestWorkersNeeded(t *testing.T) {
	for _, c := range []struct {
		s    Setup
		want int
	}{
		{Setup{Ports: 500, RatePerS: 200, CloseShare: 1}, 1},
		{Setup{Ports: 28232, RatePerS: 200, CloseShare: 1}, 1}, // half is never taken
		{Setup{Ports: 28232, RatePerS: 300, CloseShare: 1}, 2}, // half, at 3.6 ms each
		{Setup{Ports: 28232, RatePerS: 900, CloseShare: 1}, 7}, // all, at 7.2 ms for a failure
		{Setup{Ports: 28232, RatePerS: 900, CloseShare: 1, TwReuse: 1}, 1},
		{Setup{}, 1},
	} {
		if got := c.s.Complete().WorkersNeeded(); got != c.want {
			t.Errorf("%+v takes %d workers, want %d", c.s, got, c.want)
		}
	}
}

// TestSmallSlowdownIsNoCollapse: between one and two times what the workers can
// connect the rate falls by less than a run would show.
func TestSmallSlowdownIsNoCollapse(t *testing.T) {
	s := Setup{Ports: 28232, RatePerS: 300, CloseShare: 1, Duration: ForEver}.Complete()
	if p := Predict(s); p.CollapseS != nil || !p.Estimated {
		t.Errorf("at 300/s, of which 275 can be connected: %+v", p)
	}
	s.RatePerS = 600
	if p := Predict(s); p.CollapseS == nil || p.Verdict != Collapsed {
		t.Errorf("at 600/s: %+v", p)
	}
	s.Duration = 5 * time.Second
	if p := Predict(s); p.Verdict != Inconclusive {
		t.Errorf("too short for the collapse to come: %s", p.Verdict)
	}
}

// TestCollapseWhereASlowdownWasForeseen: how far the rate falls is an estimate, when is
// none.
func TestCollapseWhereASlowdownWasForeseen(t *testing.T) {
	s := Setup{Ports: 28232, RatePerS: 300, CloseShare: 1, Duration: time.Minute}.Complete()
	check := func(s Setup, seen float64) *Checked {
		return Collapse.Check(Run{
			Setup:     s,
			Predicted: Predict(s),
			EndS:      60,
			Measured:  func(string) *float64 { return &seen },
		})
	}
	half := 14116.0 / 300
	if c := check(s, half+1); !c.OK || *c.Predicted != half {
		t.Errorf("%+v", c)
	}
	if c := check(s, half-5); c.OK {
		t.Errorf("at another moment: %+v", c)
	}
	s.RatePerS = 250 // which a worker can connect
	if c := check(s, 14116.0/250); c.OK {
		t.Errorf("where none was foreseen: %+v", c)
	}
}
