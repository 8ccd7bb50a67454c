package law

import (
	"math"
	"testing"
	"time"
)

// even is a table after a load of so many per second has gone on for a while.
func even(rate, seconds float64) State {
	n := State{TimeWaitsPerS: rate}
	for i := range int(rate * seconds) {
		age := float64(i) / rate
		if left := TimeWait.Seconds() - age; left > 0 {
			n.LeavesS = append(n.LeavesS, left)
		}
	}
	return n
}

func TestOnwardFromAState(t *testing.T) {
	setup := Setup{Ports: 1000, CloseShare: 1}
	reuse := Setup{Ports: 1000, CloseShare: 1, TwReuse: 1}
	for _, c := range []struct {
		name  string
		setup Setup
		now   State
		first float64 // NaN: never
		cliff float64
	}{
		{"empty", setup, State{TimeWaitsPerS: 100}, 10, 5},
		{"a quarter", setup, even(100, 2.5), 7.5, 2.5},
		{"full", setup, even(100, 10), 0, 0},
		// What was held before the look ends after 1 s and leaves 800 to fill at 100/s from 200 live.
		{"old ones end first", setup, State{Live: 200, LeavesS: []float64{1, 1, 1, 1}, TimeWaitsPerS: 100}, 8, 3},
		{"16 a second is 976 of 1,000", setup, even(16, 60), math.NaN(), 0},
		{"16 a second, from half", setup, even(16, 30), math.NaN(), 20.0 / 16},
		{"17 a second is 1,037", setup, even(17, 40), (1000.0 - 680) / 17, 0},
		// 0.5·20·t² = 1000 at 10 s; seen from 5 s on: 250 taken, 100/s, 20/s more each second.
		{"ramp", setup, State{LeavesS: even(50, 5).LeavesS, TimeWaitsPerS: 100, ByPerS: 20, ForS: 5}, 5, math.Sqrt(50) - 5},
		// The same where the trend ends after 1 s: 110 by then, and 640 at 120 a second.
		{
			name:  "trend is seen for a second",
			setup: setup,
			now:   State{LeavesS: even(50, 5).LeavesS, TimeWaitsPerS: 100, ByPerS: 20, ForS: 1},
			first: 1 + 640.0/120,
			cliff: 1 + 140.0/120,
		},
		// 10 a second, falling by 1 each second, makes 50 more at the most.
		{"falls to nothing", setup, State{Live: 400, TimeWaitsPerS: 10, ByPerS: -1, ForS: 20}, math.NaN(), math.NaN()},
		{"reuse: below K a second", reuse, State{TimeWaitsPerS: 900}, math.NaN(), 500.0 / 900},
		{"reuse: above K a second", reuse, State{TimeWaitsPerS: 1250}, 0.8, 0.4},
		{"live ones only", setup, State{Live: 999}, math.NaN(), 0},
		{"slow backend: live ones become more", setup, State{Live: 300, LivePerS: 100}, 7, 2},
		{
			name:  "they become more for longer than T",
			setup: setup,
			now:   State{Live: 100, LivePerS: 5, TimeWaitsPerS: 2},
			first: (900.0 - 2*61) / 5,
			cliff: 400.0 / 7,
		},
		{
			name:  "masked",
			setup: Setup{Ports: 1000, CloseShare: 1, MaxTwBuckets: 500},
			now:   State{TimeWaitsPerS: 100, Elsewhere: 100},
			first: math.NaN(),
			cliff: math.NaN(),
		},
	} {
		s := c.setup.Complete()
		for what, pair := range map[string]struct {
			got  *float64
			want float64
		}{"error 99": {s.FirstError99From(c.now), c.first}, "half the range": {s.CliffFrom(c.now), c.cliff}} {
			switch {
			case pair.got == nil && math.IsNaN(pair.want):
			case pair.got == nil || math.IsNaN(pair.want) || math.Abs(*pair.got-pair.want) > 0.011:
				t.Errorf("%s: %s at %v, want %v", c.name, what, value(pair.got), pair.want)
			}
		}
	}
}

func value(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// TestOnwardAgreesWithPredict: from the empty table on, this is the same law, whether or not
// the workers can afford connect() past half of the range.
func TestOnwardAgreesWithPredict(t *testing.T) {
	for _, ports := range []int{500, 1000, 4096, 28232} {
		for _, rate := range []float64{5, 16, 17, 100, 450, 700, 2000} {
			for _, workers := range []int{1, 2, 1 << 20} { // one and two do not make 2,000 a second past half of 28,232
				s := Setup{Ports: ports, CloseShare: 1, RatePerS: rate, Workers: workers}.Complete()
				got, want := s.FirstError99From(State{TimeWaitsPerS: rate}), Predict(s).FirstError99S
				if (got == nil) != (want == nil) || got != nil && math.Abs(*got-*want) > 0.02 {
					t.Errorf("%d ports, %g a second, %d workers: %v from an empty table, %v by Predict",
						ports, rate, workers,
						value(got), value(want))
				}
			}
		}
	}
}

// TestOnwardWhereConnectGetsSlow: 28,232 ports, of which the second half comes at the pace of
// the workers: 3.63 ms a call, 275.5 a second each.
func TestOnwardWhereConnectGetsSlow(t *testing.T) {
	const w = 275.5
	for _, c := range []struct {
		name    string
		workers int
		share   float64
		now     State
		first   float64
	}{
		// 10,058 of 28,232 are taken, and the 4,058 up to half come in 4.06 s; 14,116 at 2·w.
		{"two workers", 2, 1, State{LeavesS: even(1000, 10.058).LeavesS, TimeWaitsPerS: 1000}, 4.058 + 14116/(2*w)},
		// Half of what connects is closed at the other end, and costs as much.
		{
			name:    "the other end closes half",
			workers: 4,
			share:   0.5,
			now:     State{LeavesS: even(1000, 10.058).LeavesS, TimeWaitsPerS: 1000},
			first:   4.058 + 14116/(2*w),
		},
		// 14,116 at w take 51.2 s, but after 50.9 s the first of the other half come back, 1,000 a second.
		{"one worker", 1, 1, State{LeavesS: even(1000, 10.058).LeavesS, TimeWaitsPerS: 1000}, math.NaN()},
		{"enough of them", 4, 1, State{LeavesS: even(1000, 10.058).LeavesS, TimeWaitsPerS: 1000}, 4.058 + 14.116},
		// No connection ends: connect() walks over connections, which is taken to cost as much.
		{"a slow backend", 2, 1, State{Live: 14116, LivePerS: 1000}, 14116 / (2 * w)},
		{"a slow backend, for longer than T", 1, 1, State{Live: 10000, LivePerS: 400, TimeWaitsPerS: 0}, 4116./400 + 14116/w},
	} {
		s := Setup{Ports: 28232, CloseShare: c.share, Workers: c.workers}.Complete()
		if got := s.FirstError99From(c.now); math.Abs(value(got)-c.first) > 0.1 || (got == nil) != math.IsNaN(c.first) {
			t.Errorf("%s: error 99 after %v s, want %v (%v a second)", c.name, value(got), c.first, s.ConnectCeiling())
		}
	}
}

// TestOnwardOnASecondsClock looks at loads on a kernel whose tcp_tw_reuse counts whole seconds, at
// any moment before the first error: what then happens is within what was said.
func TestOnwardOnASecondsClock(t *testing.T) {
	const ports, rate = 300, 400.0
	s := secondsSetup(ports, rate)
	least, most := math.Inf(1), 0.0
	for phase := 0.0; phase < 1; phase += 0.01 {
		first, _, _ := onSecondsClock(ports, rate, phase, 5)
		for at := 0.01; at < first; at += 0.01 {
			now := State{TimeWaitsPerS: rate, LeavesS: nil}
			for i := range int(at * rate) {
				if age := at - float64(i)/rate; age < 1 {
					now.LeavesS = append(now.LeavesS, 1-age)
				}
			}
			from := s.FirstError99From(now)
			if from == nil {
				t.Fatalf("phase %.2f, look after %.2f s: no error 99 is said to come", phase, at)
			}
			left, latest := first-at, s.LatestError99From(now, *from)
			if left < *from-0.01 || left > latest+0.01 {
				t.Errorf("phase %.2f, look after %.2f s: said %.3f to %.3f s, came after %.3f s",
					phase, at, *from, latest, left)
			}
			least, most = min(least, left-*from), max(most, left-*from)
		}
	}
	if least > 0.01 || most < 0.7 { // K/R is 0.75
		t.Errorf("it came %.3f to %.3f s after the near end: the loads do not reach both", least, most)
	}
	s.ReuseWholeSeconds = false
	if got := s.LatestError99From(State{TimeWaitsPerS: rate}, 0.75); got != 0.75 {
		t.Errorf("a kernel that counts milliseconds: %v", got)
	}
}

func TestHealsFrom(t *testing.T) {
	s := Setup{Ports: 10, CloseShare: 1}.Complete()
	now := State{Live: 1, LeavesS: []float64{9, 8, 7, 6, 5, 4, 3, 2, 1}}
	// Ten are taken; four are left once the first six are gone.
	if got := value(s.HealsFrom(now)); got != 6 {
		t.Errorf("heals after %v s, want 6", got)
	}
	if got := value(s.FreesFrom(now)); got != 1 {
		t.Errorf("first tuple back after %v s, want 1", got)
	}
	if got := s.HealsFrom(State{Live: 5, LeavesS: []float64{1}}); got != nil {
		t.Errorf("heals after %v s, though live connections take half", *got)
	}
	if got := value(s.HealsFrom(State{Live: 4})); got != 0 {
		t.Errorf("heals after %v s, want 0: less than half is taken", got)
	}
	if got, want := s.SteadyFrom(State{Live: 4, TimeWaitsPerS: 2}), 4+2*TimeWait.Seconds(); got != want {
		t.Errorf("steady state %v, want %v", got, want)
	}
	if got, want := s.SafeTimeWaitsFrom(State{Live: 4}), 6/TimeWait.Seconds(); got != want {
		t.Errorf("safe rate %v, want %v", got, want)
	}
	hold := Setup{Ports: 10, CloseShare: 1, Hold: 10 * time.Second}.Complete()
	if got := hold.SafeTimeWaitsFrom(State{}); got != 1 {
		t.Errorf("safe rate %v with T = 10 s, want 1", got)
	}
}
