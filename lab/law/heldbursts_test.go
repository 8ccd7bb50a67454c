package law

import (
	"math"
	"testing"
	"time"
)

// TestHeldInBursts holds the law to a table of tuples that is filled by hand: clients that
// come back all at once, as after a restart.
func TestHeldInBursts(t *testing.T) {
	const ports, rate = 200, 50.0
	for _, size := range []float64{30, 64, 150, 400} {
		for _, held := range []time.Duration{500 * time.Millisecond, 3 * time.Second, 9 * time.Second} {
			for _, client := range []bool{false, true} {
				s := Setup{
					Ports:        ports,
					RatePerS:     rate,
					Duration:     time.Minute,
					MaxTwBuckets: 131072,
					Burst:        time.Duration(size / rate * float64(time.Second)),
					BurstSize:    size,
				}.Holding(held, true, client).Complete()
				p := Predict(s)
				first, ok := byHand(size, size/rate, s.costs().Seconds(), ports, 60)
				switch got := p.FirstError99S; {
				case (got == nil) != (first < 0):
					t.Errorf("bursts of %g held for %v, client %v: predicted %v, by hand %.2f s",
						size, held, client, or0(got), first)
				case got == nil:
				case math.Abs(*got-first) > 1e-6 || *p.OKBeforeError99 != ok:
					t.Errorf("bursts of %g held for %v, client %v: %.2f s and %d, by hand %.2f s and %d",
						size, held, client, *got, *p.OKBeforeError99, first, ok)
				}
			}
		}
		random := Predict(Setup{
			Ports:     ports,
			RatePerS:  rate,
			Duration:  time.Minute,
			Burst:     time.Duration(size / rate * float64(time.Second)),
			BurstSize: size,
		}.Holding(9*time.Second, false, false))
		if at := or0(random.FirstError99S); math.IsNaN(at) || math.IsInf(at, 0) || *random.OKBeforeError99 < 0 ||
			*random.OKBeforeError99 > 1000 {
			t.Errorf("bursts of %g held for random times: %v and %d", size, at, *random.OKBeforeError99)
		}
	}
}

// byHand opens bursts on a table of ports, each taken for so long; -1: none is ever missing.
func byHand(size, every, taken float64, ports int, until float64) (first float64, ok int) {
	var ends []float64
	for burst := 0.0; burst*every < until; burst++ {
		at := burst * every
		alive := ends[:0:0]
		for _, end := range ends {
			if end >= at {
				alive = append(alive, end)
			}
		}
		ends = alive
		for range int(size) {
			if len(ends) == ports {
				return at, ok
			}
			ends = append(ends, at+taken)
			ok++
		}
	}
	return -1, ok
}

// TestBurstsLargerThanTheTable lose the rest of each, whoever closes.
func TestBurstsLargerThanTheTable(t *testing.T) {
	s := Setup{Ports: 200, RatePerS: 50, Duration: 10 * time.Second, Burst: 8 * time.Second, BurstSize: 400}
	if p := Predict(s); *p.SteadyOKPerS != 25 {
		t.Errorf("%g/s succeed of bursts of 400 on 200 ports, want half of 50", *p.SteadyOKPerS)
	}
}
