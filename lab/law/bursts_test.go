package law

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// proxied plays bursts through a proxy whose workers keep idle connections, as nginx does:
// a request takes the connection that came back last, or opens one; one that comes back to
// a full pool closes the oldest. It counts what it opens.
type proxied struct {
	idle   []int // of each worker
	kept   int   // each may have so many
	opened int
}

// burst has requests taken up at their times, each by one of the workers, and answered
// after theirs.
func (p *proxied) burst(at, takes []float64, worker []int) {
	type event struct {
		at     float64
		back   bool
		worker int
	}
	var all []event
	for i := range at {
		all = append(all, event{at[i], false, worker[i]}, event{at[i] + takes[i], true, worker[i]})
	}
	slices.SortStableFunc(all, func(a, b event) int { return int(math.Copysign(1, a.at-b.at)) })
	for _, e := range all {
		idle := &p.idle[e.worker]
		switch {
		case e.back:
			*idle = min(*idle+1, p.kept)
		case *idle > 0:
			*idle--
		default:
			p.opened++
		}
	}
}

// TestPoolUnderBursts plays bursts of all kinds, and holds what each but the first opens
// against the law. Both ends are met.
func TestPoolUnderBursts(t *testing.T) {
	r := rand.New(rand.NewPCG(99, 17))
	least, most := 0, 0 // how often an end was met
	for range 3000 {
		pool := Pool{Keepalive: 1 + r.IntN(20), Workers: 1 + r.IntN(3)}
		size := 1 + r.IntN(64)
		spread := BurstSpread(float64(size)).Seconds()
		response := spread * []float64{0, 0.05, 0.3, 0.6, 0.99, 1.01, 3}[r.IntN(7)]
		shape := r.IntN(4)
		low, high := pool.BurstChurn(Bursts{
			Size: float64(size), AtOnce: float64(size), Every: time.Minute, Response: time.Duration(response * 1e9),
		})
		p := proxied{idle: make([]int, pool.Workers), kept: pool.Keepalive}
		for w := range p.idle {
			p.idle[w] = pool.Keepalive
		}
		for range 5 {
			at, takes, worker := make([]float64, size), make([]float64, size), make([]int, size)
			only := r.IntN(pool.Workers)
			for i := range at {
				switch shape {
				case 0: // one after the other
					at[i] = spread * 0.999 * float64(i) / float64(size)
				case 1: // as it comes
					at[i] = spread * 0.999 * r.Float64()
				case 2: // at once
				case 3: // in two lumps
					at[i] = spread * 0.999 * float64(i%2)
				}
				takes[i] = response + spread*1e-3 + spread*0.5*r.Float64()*float64(r.IntN(2))
				if worker[i] = r.IntN(pool.Workers); shape == 2 && r.IntN(3) > 0 {
					worker[i] = only
				}
			}
			before := p.opened
			p.burst(at, takes, worker)
			opened := float64(p.opened - before)
			if opened < low*float64(size)-1e-9 || opened > high*float64(size)+1e-9 {
				t.Fatalf("%+v, bursts of %d in %g s, %g s each: %g opened, want %g to %g",
					pool, size, spread, response, opened,
					low*float64(size), high*float64(size))
			}
			if low < high && opened == math.Round(low*float64(size)) {
				least++
			}
			if low < high && opened == math.Round(high*float64(size)) {
				most++
			}
		}
	}
	if least < 100 || most < 100 {
		t.Errorf("the ends of the interval were met %d and %d times: it is too wide", least, most)
	}
}

// TestBurstChurn: exact where all are under way at once, else a range.
func TestBurstChurn(t *testing.T) {
	const B = 64
	for _, c := range []struct {
		name        string
		pool        Pool
		b           Bursts
		least, most float64 // connections of a burst
	}{
		{"all under way", Pool{Keepalive: 4}, Bursts{Response: 50 * time.Millisecond}, 60, 60},
		{"answered at once", Pool{Keepalive: 4}, Bursts{}, 0, 60},
		{"half of it under way", Pool{Keepalive: 4}, Bursts{Response: 20 * time.Millisecond}, 28, 60},
		{"four workers", Pool{Keepalive: 4, Workers: 4}, Bursts{Response: 50 * time.Millisecond}, 48, 60},
		{"four workers that keep all", Pool{Keepalive: 16, Workers: 4}, Bursts{Response: 50 * time.Millisecond}, 0, 48},
		{"a pool for all", Pool{Keepalive: 64}, Bursts{}, 0, 0},
		{"no pool", Pool{}, Bursts{}, 64, 64},
		{"fewer connections than requests", Pool{Keepalive: 40}, Bursts{AtOnce: 40}, 0, 0},
		{"and a smaller pool", Pool{Keepalive: 39}, Bursts{AtOnce: 40}, 0, 25},
		{"closed in between", Pool{Keepalive: 4}, Bursts{Response: 50 * time.Millisecond, Emptied: true}, 64, 64},
		{"the last burst is not done", Pool{Keepalive: 4}, Bursts{Response: 190 * time.Millisecond}, 60, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.b.Size, c.b.Every = B, 200*time.Millisecond
			if c.b.AtOnce == 0 {
				c.b.AtOnce = B
			}
			least, most := c.pool.BurstChurn(c.b)
			if math.Round(least*B) != c.least || math.Round(most*B) != c.most {
				t.Errorf("%.1f to %.1f, want %g to %g", least*B, most*B, c.least, c.most)
			}
		})
	}
}

func burstSetup(churn, least float64) Setup {
	s := Setup{
		Ports:      890,
		RatePerS:   320,
		CloseShare: 1,
		Burst:      200 * time.Millisecond,
		Keepalive:  4,
		Duration:   8 * time.Second,
		Churn:      churn,
		Baseline:   new(Prediction),
	}
	if least < churn {
		s.ChurnLeast = &least
	}
	return s
}

// TestErrorNinetyNineUnderBurstsIsAnInterval: whatever each burst opens between the two,
// the tuples run out in a burst of the interval.
func TestErrorNinetyNineUnderBurstsIsAnInterval(t *testing.T) {
	const B, most, least = 64, 60, 40
	p := Predict(burstSetup(most/64.0, least/64.0))
	if p.FirstError99LatestS == nil || p.OKBeforeError99Most == nil || p.OrNever || p.Verdict != Reproduced {
		t.Fatalf("no interval, or %s: %+v", p.Verdict, p)
	}
	within(t, "the earliest", p.FirstError99S, 2.8, 1e-9)
	r := rand.New(rand.NewPCG(99, 4))
	soonest, latest := math.Inf(1), 0.0
	for range 20_000 {
		bias, opened, burst := r.IntN(3), 0, 0
		for ; ; burst++ {
			n := least + r.IntN(most-least+1)
			switch {
			case burst == 0:
				n = least + r.IntN(B-least+1)
			case bias == 1:
				n = most
			case bias == 2:
				n = least
			}
			if burst == 0 && bias == 1 {
				n = B
			}
			if burst == 0 && bias == 2 {
				n = least
			}
			if opened += n; opened > 890 {
				break
			}
		}
		at := float64(burst) * 0.2
		if at < *p.FirstError99S-1e-9 || at > *p.FirstError99LatestS+1e-9 {
			t.Fatalf("error 99 after %g s, want %g to %g", at, *p.FirstError99S, *p.FirstError99LatestS)
		}
		soonest, latest = min(soonest, at), max(latest, at)
	}
	if soonest > *p.FirstError99S+1e-9 || latest < *p.FirstError99LatestS-1e-9 {
		t.Errorf("error 99 after %g to %g s, and the ends are %g and %g",
			soonest, latest, *p.FirstError99S, *p.FirstError99LatestS)
	}
}

// TestQuickBackendsLeaveItOpen: where the pool may serve a burst one by one, error 99 comes
// no earlier than the law says, and may not come.
func TestQuickBackendsLeaveItOpen(t *testing.T) {
	s := burstSetup(60/64.0, 1.0/601)
	p := Predict(s)
	if !p.OrNever || p.FirstError99S == nil || p.FirstError99LatestS != nil || p.Verdict != Inconclusive {
		t.Errorf("%+v", p)
	}
	for at, ok := range map[float64]bool{2.8: true, 2.2: false, 7.2: true} {
		r := Run{Setup: s.Complete(), Predicted: p, Restated: p, EndS: 8, Measured: func(figure string) *float64 {
			return map[string]*float64{"first_error_99_s": &at}[figure]
		}}
		if c := FirstError99.Check(r); c == nil || c.OK != ok {
			t.Errorf("error 99 after %g s: %+v", at, c)
		}
		if c := FirstError99.Compare(r); c != nil {
			t.Errorf("compared with %+v", c)
		}
	}
	none := Run{Setup: s.Complete(), Predicted: p, Restated: p, EndS: 8, Measured: func(string) *float64 { return nil }}
	if c := FirstError99.Check(none); c != nil {
		t.Errorf("none came, and the law says %+v", c)
	}
}

// TestOpenedIsHeldBothWays: K connections, and as many more as the backend closed.
func TestOpenedIsHeldBothWays(t *testing.T) {
	s := burstSetup(60/64.0, 60/64.0)
	for _, c := range []struct {
		opened, closed float64
		ok             bool
	}{{890, 0, true}, {892, 0, true}, {889, 0, false}, {893, 0, false}, {893, 1, true}} {
		t.Run(fmt.Sprint(c.opened, c.closed), func(t *testing.T) {
			figures := map[string]float64{
				"first_error_99_s":  2.8,
				"new_connections":   c.opened,
				"time_wait_backend": c.closed,
			}
			r := Run{
				Setup:     s.Complete(),
				Predicted: Predict(s),
				Restated:  Predict(s),
				EndS:      5,
				Measured: func(f string) *float64 {
					return float(figures[f])
				},
			}
			if got := Opened.Check(r); got == nil || got.OK != c.ok {
				t.Errorf("%+v", got)
			}
		})
	}
}
