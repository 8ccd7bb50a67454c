package law

import (
	"math"
	"testing"
	"time"
)

// held is 50 connections a second on 200 tuples.
func held(on time.Duration, clientCloses bool) Setup {
	s := Setup{Ports: 200, RatePerS: 50, Duration: time.Minute}
	return s.Holding(on, true, clientCloses)
}

func TestHeldConnections(t *testing.T) {
	reuse := held(time.Second, true)
	reuse.TwReuse = 1
	three := held(9*time.Second, false)
	three.Destinations = 3
	for _, tt := range []struct {
		name    string
		s       Setup
		first   float64 // 0: never
		steady  float64
		verdict string
	}{
		{"the client closes: each tuple costs H + T", held(time.Second, true), 4, 200.0 / 62, Reproduced},
		{"the client closes: H does not move the moment", held(20*time.Second, true), 4, 200.0 / 81, Reproduced},
		{"the server closes: R·H is below K", held(time.Second, false), 0, 50, NotReproduced},
		{"the server closes: R·H is above K", held(9*time.Second, false), 4, 200.0 / 9, Reproduced},
		{"reuse: H + 1 s", reuse, 0, 50, NotReproduced},
		{"more backends", three, 0, 50, NotReproduced},
	} {
		p := Predict(tt.s)
		if got := or0(p.FirstError99S); math.Abs(got-tt.first) > 1e-9 {
			t.Errorf("%s: the first after %v s, want %v", tt.name, got, tt.first)
		}
		if p.FirstError99S != nil && *p.OKBeforeError99 != 200 {
			t.Errorf("%s: %d before it, want K", tt.name, *p.OKBeforeError99)
		}
		if math.Abs(*p.SteadyOKPerS-tt.steady) > 1e-9 || p.Verdict != tt.verdict {
			t.Errorf("%s: %.3f/s in the long run, %s; want %.3f/s, %s",
				tt.name, *p.SteadyOKPerS, p.Verdict, tt.steady, tt.verdict)
		}
	}
}

// TestHeldLoss: what random arrivals lose is Erlang's, of R·(H + f·T), against a simulation
// of the table with times of three distributions of one mean.
func TestHeldLoss(t *testing.T) {
	s := Setup{Ports: 50, RatePerS: 60, Poisson: true}.Holding(time.Second, false, false)
	want := s.Complete().Blocking()
	if direct := ErlangB(50, 60); math.Abs(want-direct) > 1e-12 {
		t.Fatalf("%v, want %v", want, direct)
	}
	random := func(u float64) float64 { return -math.Log(1 - u) }
	for name, draw := range map[string]func(u float64) float64{
		"fixed":       func(float64) float64 { return 1 },
		"exponential": random,
		"uniform":     func(u float64) float64 { return 2 * u },
	} {
		if got, _ := lossOf(50, 60, random, draw); math.Abs(got-want) > 0.01 {
			t.Errorf("%s: %.4f are lost, want %.4f", name, got, want)
		}
	}
	client := s.Holding(time.Second, false, true).Complete()
	if got, want := client.Blocking(), ErlangB(50, 60*62); math.Abs(got-want) > 1e-12 {
		t.Errorf("with a TIME_WAIT after each %v are lost, want %v", got, want)
	}
}

// lossOf simulates a loss system, with arrivals that are gap/rate apart, and returns the
// share lost of 200,000 and when the first of them was.
func lossOf(servers int, rate float64, gap, draw func(u float64) float64) (share, first float64) {
	state := uint64(99)
	uniform := func() float64 { // splitmix64
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return float64((z^z>>31)>>11) / (1 << 53)
	}
	const arrivals = 200_000
	ends := make([]float64, servers)
	lost, at := 0, 0.0
	for range arrivals {
		at += gap(uniform()) / rate
		free := -1
		for i, end := range ends {
			if end <= at {
				free = i
				break
			}
		}
		if free < 0 {
			if lost++; lost == 1 {
				first = at
			}
			continue
		}
		ends[free] = at + draw(uniform())
	}
	return float64(lost) / arrivals, first
}

func TestHeldSawtooth(t *testing.T) {
	w := held(9*time.Second, false).Complete().Sawtooth()
	if w == nil || w.OKS != 4 || w.FailingS != 5 || w.PeriodMin != 9*time.Second || w.PeriodMax != 9*time.Second {
		t.Errorf("%+v, want 4 s of success in each 9", w)
	}
	w = held(time.Second, true).Complete().Sawtooth()
	if w == nil || w.OKS != 4 || w.Period != 62*time.Second || w.PeriodMin < 61*time.Second {
		t.Errorf("%+v, want 4 s of success in each H + T, 62 s", w)
	}
	random := held(9*time.Second, false).Complete()
	random.HeldFixed = false
	if w := random.Sawtooth(); w != nil {
		t.Errorf("%+v, but random times come back one by one", w)
	}
}

func TestHeldSettles(t *testing.T) {
	for _, tt := range []struct {
		fixed, client bool
		want          time.Duration
	}{
		{true, false, time.Second}, {false, false, 3 * time.Second}, {true, true, 62 * time.Second},
		{false, true, 64 * time.Second},
	} {
		if got := (Setup{Ports: 10, RatePerS: 1}).Holding(time.Second, tt.fixed, tt.client).Complete().Settled(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// TestHeldLaws: each can fail, and none is held against requests.
func TestHeldLaws(t *testing.T) {
	figures := map[string]float64{"alive_peak": 200, "close_share": 0, "held_broken": 0}
	run := func(s Setup, with map[string]float64) Run {
		s = s.Complete()
		p := Predict(s)
		return Run{Setup: s, Predicted: p, Restated: p, EndS: 10, Measured: func(f string) *float64 {
			if v, ok := with[f]; ok {
				return &v
			}
			if v, ok := figures[f]; ok {
				return &v
			}
			return nil
		}}
	}
	random := held(2*time.Second, false)
	random.HeldFixed = false           // 100 on average, and up to 140
	bursts := held(time.Second, false) // 64 each 1.28 s, of which none meets another
	bursts.Burst, bursts.BurstSize = 1280*time.Millisecond, 64
	short := held(10*time.Second, false) // of which 63 % are alive after the 10 s of the load
	short.Ports, short.HeldFixed = 1000, false
	for _, tt := range []struct {
		law  *Law
		s    Setup
		with map[string]float64
		ok   bool
	}{
		{&HeldAlive, held(9*time.Second, false), nil, true},
		{&HeldAlive, held(9*time.Second, false), map[string]float64{"alive_peak": 190}, false},
		{&HeldAlive, held(2*time.Second, false), map[string]float64{"alive_peak": 102}, true},
		{&HeldAlive, held(2*time.Second, false), map[string]float64{"alive_peak": 110}, false},
		{&HeldAlive, random, map[string]float64{"alive_peak": 125}, true},
		{&HeldAlive, random, map[string]float64{"alive_peak": 80}, false},
		{&HeldAlive, random, map[string]float64{"alive_peak": 160}, false},
		{&HeldAlive, bursts, map[string]float64{"alive_peak": 64}, true},
		{&HeldAlive, bursts, map[string]float64{"alive_peak": 50}, false},
		{&HeldAlive, short, map[string]float64{"alive_peak": 316}, true},
		{&HeldAlive, short, map[string]float64{"alive_peak": 500}, false},
		{&HeldCloser, held(time.Second, false), nil, true},
		{&HeldCloser, held(time.Second, false), map[string]float64{"close_share": 0.05}, false},
		{&HeldCloser, held(time.Second, true), map[string]float64{"close_share": 0.99}, true},
		{&HeldCloser, held(time.Second, true), nil, false},
		{&HeldBroken, held(time.Second, false), nil, true},
		{&HeldBroken, held(time.Second, false), map[string]float64{"held_broken": 1}, false},
	} {
		c := tt.law.Check(run(tt.s, tt.with))
		if c == nil || c.OK != tt.ok {
			t.Errorf("%s of H = %v with %v: %+v, want %v", tt.law.ID, tt.s.HeldFor, tt.with, c, tt.ok)
		}
		if tt.law.Check(run(Setup{Ports: 200, RatePerS: 50, CloseShare: 1}, tt.with)) != nil {
			t.Errorf("%s is held against requests", tt.law.ID)
		}
	}
}
