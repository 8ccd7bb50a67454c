package clock

import (
	"math"
	"math/rand/v2"
	"testing"
)

const ms = int64(1e6)

// made is a clock: what it is ahead of ours at a moment of ours.
type made func(at int64) float64

func drifts(ahead int64, ppm float64) made {
	return func(at int64) float64 { return float64(ahead) + ppm*1e-6*float64(at) }
}

// look reads a made clock: the answer was read anywhere in the round trip.
func look(rnd *rand.Rand, c made, at, roundTrip int64) Reading {
	read := at + rnd.Int64N(roundTrip+1)
	middle := at + roundTrip/2
	return Reading{At: middle, Ahead: read + int64(c(read)) - middle, Bound: (roundTrip + 1) / 2}
}

// TestTrack follows made clocks for half a minute, the careful readings before and after and
// hasty ones between: every moment that was put back is within the bound of the truth, the
// drift within its own, and neither bound is an excuse.
func TestTrack(t *testing.T) {
	const hour = 3600_000 * ms
	steps := func(at int64) float64 { // somebody sets it right in the middle of the run
		if at > 15_000*ms {
			return float64(hour + 50*ms)
		}
		return float64(hour)
	}
	for name, tc := range map[string]struct {
		clock made
		ppm   float64
		most  int64 // of the bound
	}{
		"the same":   {drifts(0, 0), 0, ms},
		"an hour":    {drifts(hour, 0), 0, ms},
		"gains":      {drifts(hour, 80), 80, 6 * ms},
		"loses":      {drifts(-hour, -200), -200, 10 * ms},
		"steps":      {steps, math.NaN(), 120 * ms},
		"runs amuck": {drifts(0, 5000), 5000, 20 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			var track Track
			put := map[int64]int64{} // what moments are put back by
			var ahead int64
			const took = 30_000 * ms
			for at := int64(0); at <= took; at += 100 * ms {
				switch {
				case at == 0 || at == took:
					ahead = track.Add(look(rnd, tc.clock, at, ms/2))
				case at%(2000*ms) == 0:
					ahead = track.Add(look(rnd, tc.clock, at, ms+rnd.Int64N(10*ms)))
				}
				put[at+ms] = ahead
			}
			e := track.Estimate()
			for at, ahead := range put {
				if off := math.Abs(tc.clock(at) - float64(ahead)); at <= took && off > float64(e.Bound) {
					t.Errorf("at %d ms it is off by %.3f ms, and the bound is %.3f ms",
						at/ms, off/1e6, float64(e.Bound)/1e6)
				}
			}
			if e.Bound > tc.most {
				t.Errorf("the bound is %.3f ms, want at most %.3f ms", float64(e.Bound)/1e6, float64(tc.most)/1e6)
			}
			if off := math.Abs(1e6*e.Drift - tc.ppm); off > 1e6*e.DriftOff || e.DriftOff > 50e-6 {
				t.Errorf("it drifts by %.1f ppm, give or take %.1f; want %.1f", 1e6*e.Drift, 1e6*e.DriftOff, tc.ppm)
			}
		})
	}
}

// TestAgainst: two clocks that a third looks at, which has a rate of its own.
func TestAgainst(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	a, b := look(rnd, drifts(7000*ms, 0), 100*ms, ms), look(rnd, drifts(5000*ms, 0), 102*ms, ms)
	if d := a.Against(b); distance(d.Ahead, 2000*ms) > d.Bound || d.Bound > ms+1 || d.At < 100*ms || d.At > 103*ms {
		t.Errorf("%+v, want 2 s", d)
	}
}

// TestFirstReadingIsAll there may be of a run that was cut short.
func TestFirstReadingIsAll(t *testing.T) {
	var track Track
	if e := track.Estimate(); e != (Estimate{}) {
		t.Errorf("of nothing: %+v", e)
	}
	track.Add(Reading{At: 5, Ahead: 7, Bound: 2})
	if e := track.Estimate(); e != (Estimate{Ahead: 7, Bound: 2, Readings: 1}) {
		t.Errorf("%+v", e)
	}
}
