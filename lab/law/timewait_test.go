package law

import (
	"math"
	"testing"
	"time"
)

// wheel plays the kernel's timer wheel: the tick at which a timer of so many ticks
// ends that is set at a tick (calc_index and calc_wheel_index, kernel/time/timer.c).
func wheel(now, ticks int) int {
	expires, shift := now+ticks, 0
	for level, start := 1, 63; level < 9 && ticks >= start; level, start = level+1, start*8 {
		shift = 3 * level
	}
	return (expires>>shift + 1) << shift
}

// TestTimeWaitByHZ: T lies between the two ends and both are reached, the mean is the
// one given, and TIME_WAITs end a lump apart.
func TestTimeWaitByHZ(t *testing.T) {
	for hz, lump := range map[int]float64{100: 5.12, 250: 2.048, 300: 512.0 / 300, 1000: 4.096} {
		least, most := TimeWaitRange(hz)
		if got := TimeWaitLump(hz).Seconds(); math.Abs(got-lump) > 1e-9 {
			t.Errorf("HZ %d: lumps of %g s, want %g", hz, got, lump)
		}
		shortest, longest, sum, ends := math.Inf(1), 0.0, 0.0, map[int]bool{}
		n := 20 * int(lump*float64(hz))
		for now := range n {
			end := wheel(now, 60*hz)
			held := float64(end-now) / float64(hz)
			shortest, longest, sum = min(shortest, held), max(longest, held), sum+held
			ends[end] = true
		}
		tick := 1 / float64(hz)
		if shortest < least.Seconds() || shortest > least.Seconds()+tick+1e-9 || longest > most.Seconds()+1e-9 ||
			longest < most.Seconds()-tick-1e-9 {
			t.Errorf("HZ %d: held for %g to %g s, and the ends are %v and %v", hz, shortest, longest, least, most)
		}
		if mean := sum / float64(n); math.Abs(mean-TimeWaitOf(hz).Seconds()) > 0.06 {
			t.Errorf("HZ %d: held for %g s on average, want %v", hz, mean, TimeWaitOf(hz))
		}
		if len(ends) != 20 && len(ends) != 21 {
			t.Errorf("HZ %d: %d moments of ends in 20 lumps", hz, len(ends))
		}
	}
	if TimeWaitOf(0) != TimeWait || TimeWaitOf(250) != TimeWait {
		t.Errorf("%v on average at 250", TimeWaitOf(0))
	}
}

// TestLumpsMatchMeasuredOnes: with HZ=100, in user-mode Linux, 300 connections one
// after the other ended in two lumps, 61.24 and 66.34 s after the first one began. The
// first lump's had begun at once. The clock there runs late now and then, so of the
// second one only the distance is held.
func TestLumpsMatchMeasuredOnes(t *testing.T) {
	least, most := TimeWaitRange(100)
	if 61.24 < least.Seconds() || 61.24 > most.Seconds() {
		t.Errorf("61.24 s is not within %v and %v", least, most)
	}
	near(t, "from lump to lump", TimeWaitLump(100).Seconds(), 66.34-61.24, 0.01)
}

// TestHZReachesTheLaws: T, ρ, the safe rate and the recovery.
func TestHZReachesTheLaws(t *testing.T) {
	s := Setup{Ports: 1000, RatePerS: 100, CloseShare: 1, HZ: 1000, Duration: 70 * time.Second}.Complete()
	p := Predict(s)
	if p.HoldS != 62 || s.Sawtooth().PeriodMax != 64096*time.Millisecond {
		t.Errorf("T %g s, up to %v", p.HoldS, s.Sawtooth().PeriodMax)
	}
	within(t, "safe rate", s.SafeRate(), 1000.0/62, 1e-9)
	run := func(s Setup, end float64) *Compared {
		figures := map[string]float64{"first_error_99_s": 10, "recovered_s": 64}
		return Recovery.Compare(Run{
			Setup:     s,
			Predicted: Predict(s),
			EndS:      end,
			Measured:  func(f string) *float64 { return float(figures[f]) },
		})
	}
	c := run(s, 70)
	if c == nil || math.Abs(*c.Off()) > c.Tolerance || *c.Predicted != 62 {
		t.Errorf("64 s with HZ=1000: %+v", c)
	}
	usual := Setup{Ports: 1000, RatePerS: 100, CloseShare: 1, Duration: 70 * time.Second}.Complete()
	if c := run(usual, 70); c == nil || math.Abs(*c.Off()) <= c.Tolerance || math.Abs(c.Tolerance-1.2) > 1e-9 {
		t.Errorf("64 s with HZ=250: %+v", c)
	}
	if run(s, 65) != nil {
		t.Error("held to a load that may end before the last lump")
	}
	if (Setup{HZ: 1000, Hold: time.Minute}).Complete().Hold != time.Minute ||
		(Setup{Hold: time.Minute}).WithHZ(1000).Hold != time.Minute {
		t.Error("a hold time that is given is not kept")
	}
	for _, of := range []Setup{Setup{}.WithHZ(1000).Complete(), usual.WithHZ(1000), s.WithHZ(250).WithHZ(1000)} {
		if of.HZ != 1000 || of.Hold != TimeWaitOf(1000) {
			t.Errorf("HZ %d, T %v", of.HZ, of.Hold)
		}
	}
}
