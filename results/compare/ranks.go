package compare

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// exactRuns is up to how many runs, of both sides, every arrangement is
// counted. Beyond, the distribution is as good as normal.
const exactRuns = 100

// rankTest is the two-sided Mann-Whitney test: p is the share of all ways to
// deal the values out to two sides of these sizes that put the ranks of one at
// least as far from their mean as they are. It has no trouble with ties, of
// which counts are full, nor with +Inf.
//
// benchmath has one too, for which it doubles the smaller tail. With ties and
// sides that are not of one size the tails are not alike, and that comes to
// anything: 1.33 for {0 0 0 1} against {0 0 0 0 1 1}, 0.08 in place of 0.17 for
// {1 2 2 2 2} against {0 1 1 2}.
//
// level is how likely p is at most alpha where there is no difference: less
// than alpha, as there are not that many arrangements, and 0 where none of them
// could show one.
func rankTest(a, b []float64, alpha float64) (p, level float64) {
	if len(a)+len(b) > exactRuns {
		c := benchmath.AssumeNothing.Compare(benchmath.NewSample(a, &thresholds), benchmath.NewSample(b, &thresholds))
		return min(1, c.P), alpha
	}
	ranks, sum := doubledRanks(a, b)
	mean := len(a) * (len(a) + len(b) + 1)
	// ways[n][s] is in how many ways n of the ranks add up to s.
	ways := make([][]float64, len(a)+1)
	for n := range ways {
		ways[n] = make([]float64, 2*mean+1)
	}
	ways[0][0] = 1
	for _, r := range ranks {
		for n := len(a); n > 0; n-- {
			for s := r; s <= 2*mean; s++ {
				ways[n][s] += ways[n-1][s-r]
			}
		}
	}
	all := 0.0
	byDistance := make([]float64, mean+1) // from the mean
	for s, w := range ways[len(a)] {
		byDistance[distance(s, mean)] += w
		all += w
	}
	tail := 0.0
	for d := mean; d >= 0; d-- {
		tail += byDistance[d]
		share := tail / all
		if d == distance(sum, mean) {
			p = share
		}
		if share <= alpha {
			level = share
		}
	}
	return p, level
}

func distance(a, b int) int { return max(a-b, b-a) }

// doubledRanks are twice the ranks of all values, which ties share, so that
// they are whole; sum is that of a's.
func doubledRanks(a, b []float64) (ranks []int, sum int) {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	rank := func(x float64) int {
		first, _ := slices.BinarySearch(all, x)
		after, _ := slices.BinarySearch(all, math.Nextafter(x, math.Inf(1)))
		if math.IsInf(x, 1) {
			after = len(all)
		}
		return first + after + 1
	}
	for _, x := range all {
		ranks = append(ranks, rank(x))
	}
	for _, x := range a {
		sum += rank(x)
	}
	return ranks, sum
}
