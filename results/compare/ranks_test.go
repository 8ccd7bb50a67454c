package compare

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/perf/benchmath"
)

const alpha = 0.05

// TestRankTestCountsEveryArrangement: with ties and sides of any size p is what
// going through all of them comes to, and so is the chance of a difference
// where there is none.
func TestRankTestCountsEveryArrangement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		some := func() []float64 {
			xs := make([]float64, 1+r.IntN(5))
			for i := range xs {
				xs[i] = []float64{0, 1, 2, 3.5, math.Inf(1)}[r.IntN(5)]
			}
			return xs
		}
		a, b := some(), some()
		p, level := rankTest(a, b, alpha)
		all := slices.Concat(a, b)
		arrangements, significant := 0, 0
		for mask := range 1 << len(all) {
			if bits.OnesCount(uint(mask)) != len(a) {
				continue
			}
			arrangements++
			if shareAsFar(all, mask, len(a)) <= alpha {
				significant++
			}
		}
		if want := shareAsFar(all, 1<<len(a)-1, len(a)); math.Abs(p-want) > 1e-9 {
			t.Errorf("%v against %v: p %g, want %g", a, b, p, want)
		}
		if want := float64(significant) / float64(arrangements); math.Abs(level-want) > 1e-9 {
			t.Errorf("%v against %v: level %g, want %g", a, b, level, want)
		}
	}
}

// shareAsFar goes through all ways to choose n of the values, by U itself: wins
// and half of the ties.
func shareAsFar(all []float64, chosen, n int) float64 {
	far := func(mask int) float64 {
		u := 0.0
		for i, x := range all {
			for j, y := range all {
				switch {
				case mask>>i&1 == 0 || mask>>j&1 == 1:
				case x > y:
					u++
				case x == y:
					u += 0.5
				}
			}
		}
		return math.Abs(u - float64(n*(len(all)-n))/2)
	}
	as, of := 0, 0
	for mask := range 1 << len(all) {
		if bits.OnesCount(uint(mask)) != n {
			continue
		}
		of++
		if far(mask) >= far(chosen) {
			as++
		}
	}
	return float64(as) / float64(of)
}

// TestRankTestAgreesWithBenchmath: where that is exact, and where there are so
// many runs that it is asked.
func TestRankTestAgreesWithBenchmath(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range [][2]int{{4, 4}, {6, 9}, {20, 30}, {50, 50}, {60, 60}, {3, 100}} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			some := func(n int) []float64 {
				xs := make([]float64, n)
				for i := range xs {
					xs[i] = r.NormFloat64()
				}
				return xs
			}
			a, b := some(n[0]), some(n[1])
			p, level := rankTest(a, b, alpha)
			sample := func(xs []float64) *benchmath.Sample { return benchmath.NewSample(slices.Clone(xs), &thresholds) }
			want := benchmath.AssumeNothing.Compare(sample(a), sample(b)).P
			if math.Abs(p-want) > 1e-9 {
				t.Errorf("p %g, want %g", p, want)
			}
			if level <= 0.02 || level > alpha {
				t.Errorf("level %g", level)
			}
		})
	}
}

// TestTooFewArrangements: what n takes to show anything at all.
func TestTooFewArrangements(t *testing.T) {
	for _, c := range []struct {
		n   [2]int
		can bool
	}{
		{[2]int{1, 1}, false},
		{[2]int{3, 3}, false},
		{[2]int{3, 4}, false},
		{[2]int{4, 4}, true},
		{[2]int{3, 5}, true},
		{[2]int{2, 7}, false},
		{[2]int{2, 8}, true},
		{[2]int{1, 38}, false},
		{[2]int{1, 39}, true},
	} {
		if got := canDiffer(c.n[0], c.n[1]); got != c.can {
			t.Errorf("%v: %v", c.n, got)
		}
	}
}
