package diagnose

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// times are the moments of a load at rate(t), even or random, until now; ages are what a
// look has of it.
func loadOf(rate func(t float64) float64, seconds float64, random *rand.Rand) (ages []float64) {
	sum, want := 0.0, 1.0
	for i := range int(seconds * 10000) {
		t := float64(i) / 10000
		for sum += rate(t) / 10000; sum >= want; {
			ages = append(ages, seconds-t)
			if want++; random != nil {
				want += random.ExpFloat64() - 1
			}
		}
	}
	return ages
}

func steady(rate float64) func(float64) float64 { return func(float64) float64 { return rate } }

func TestArrivals(t *testing.T) {
	step := func(before, after, at float64) func(float64) float64 {
		return func(t float64) float64 {
			if t < at {
				return before
			}
			return after
		}
	}
	for _, c := range []struct {
		name        string
		ages        []float64
		span        float64
		rate, trend float64
		within      float64 // of the rate, as a share
	}{
		{"even", loadOf(steady(100), 10, nil), 59.9, 100, 0, 0.01},
		{"even, longer than a minute", loadOf(steady(100), 90, nil), 59.9, 100, 0, 0.01},
		{"even, few", loadOf(steady(1), 8.5, nil), 59.9, 1, 0, 0.01},
		{"rising from nothing", loadOf(func(t float64) float64 { return 20 * t }, 10, nil), 59.9, 200, 20, 0.02},
		{"rising", loadOf(func(t float64) float64 { return 50 + 10*t }, 10, nil), 59.9, 150, 10, 0.02},
		{"falling", loadOf(func(t float64) float64 { return 150 - 10*t }, 10, nil), 59.9, 50, -10, 0.03},
		{"three times as much since 4 s ago", loadOf(step(50, 150, 20), 24, nil), 59.9, 150, 0, 0.03},
		{"a third since 10 s ago", loadOf(step(150, 50, 20), 30, nil), 59.9, 50, 0, 0.03},
		{"begins after a pause", append(loadOf(steady(200), 5, nil), 50, 45, 40), 59.9, 200, 0, 0.03},
		{
			name: "ended 3 s ago",
			ages: slices.DeleteFunc(loadOf(steady(100), 10, nil), func(age float64) bool { return age < 3 }),
			span: 59.9,
		},
		{"only a second counts", loadOf(step(100, 300, 9), 10.5, nil), 1, 300, 0, 0.02},
		{"random", loadOf(steady(200), 20, rand.New(rand.NewPCG(1, 1))), 59.9, 200, 0, 0.1},
		{"none", nil, 59.9, 0, 0, 0},
	} {
		a := arrivalsOf(c.ages, c.span)
		if math.Abs(a.PerS-c.rate) > c.within*c.rate+1e-9 || math.Abs(a.PerSPerS-c.trend) > 0.1*math.Abs(c.trend)+1e-9 {
			t.Errorf("%s: %.2f a second, %+.2f each second, seen for %.2f s; want %g and %+g",
				c.name, a.PerS, a.PerSPerS, a.SeenForS, c.rate, c.trend)
		}
	}
}

// TestBurstsHaveARate at whatever moment within the pause they are looked at.
func TestBurstsHaveARate(t *testing.T) {
	for pause := 0.0; pause < 0.95; pause += 0.1 {
		var ages []float64
		for burst := range 5 { // 30 in two ticks of the kernel, once a second
			for i := range 30 {
				ages = append(ages, pause+float64(burst)+float64(i/15)*0.004)
			}
		}
		if a := arrivalsOf(ages, 59.9); math.Abs(a.PerS-30) > 0.5 {
			t.Errorf("%.1f s after a burst: %.1f a second, want 30", pause, a.PerS)
		}
	}
}

// TestRandomArrivalsSeldomHaveATrend: by 4 standard errors one in 16,000 would have
// one; as several stretches are tried and their noise is an estimate, one in 500 has.
func TestRandomArrivalsSeldomHaveATrend(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct{ perS, seconds float64 }{{40, 8}, {138, 2.05}, {100, 1}, {500, 5}, {20, 30}} {
		trends, off := 0, 0
		for range 400 {
			a := arrivalsOf(loadOf(steady(c.perS), c.seconds, random), 59.9)
			if a.PerSPerS != 0 {
				trends++
			} else if math.Abs(a.PerS-c.perS) > 4*math.Sqrt(c.perS/a.SeenForS) {
				off++
			}
		}
		if trends > 3 || off > 4 {
			t.Errorf("%g a second for %g s: %d of 400 have a trend, %d more are off by 4 standard errors; "+
				"want 3 and 4 at the most",
				c.perS, c.seconds, trends, off)
		}
	}
}
