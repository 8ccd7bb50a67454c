package compare

import (
	"cmp"
	"math"
	"slices"
)

// VerdictTest holds the verdicts of a side against the base's.
type VerdictTest struct {
	// Of Fisher's exact test; null: not tested, or not needed, as the runs of each side agree.
	P       *float64 `json:"p"`
	Differs *bool    `json:"differs"` // null: not tested
}

// mostWords bounds how many verdicts are told apart: there are six that count,
// and in a file that nobody vouches for any number.
const mostWords = 6

// testVerdicts tests every variant against the base. Whether a verdict differs
// decides the exit code, so Holm's correction is applied to all of these tests:
// by chance one of them, whichever, says so in at most alpha of all comparisons.
//
// Where the runs of each side agree, however few they are, their words decide:
// a verdict is no reading that scatters, and of one run against another nothing
// could else be told.
func testVerdicts(variants []Variant, alpha float64) {
	var tests []*VerdictTest
	for i := range variants {
		v := &variants[i]
		v.VerdictTests = make([]VerdictTest, len(v.counted))
		for side := 1; v.Valid && side < len(v.counted); side++ {
			test := &v.VerdictTests[side]
			a, b := v.counted[0], v.counted[side]
			differs := false
			if len(a) == 1 && len(b) == 1 {
				differs = len(union(a, b)) > 1
			} else {
				p := sameShares(a, b)
				test.P = &p
				tests = append(tests, test)
			}
			test.Differs = &differs
		}
	}
	slices.SortStableFunc(tests, func(a, b *VerdictTest) int { return cmp.Compare(*a.P, *b.P) })
	for i, test := range tests {
		if *test.P > alpha/float64(len(tests)-i) {
			return
		}
		*test.Differs = true
	}
}

// sameShares is the p of Fisher's exact test in its form for any number of
// words (Freeman and Halton): the share of all ways to deal the verdicts out to
// two sides of these sizes that are no more likely than what came. Ten against
// nine and another word is nothing, p = 1; nine and one against one and nine is,
// p = 0.001. Small sides show little: four against two and two has p = 0.43,
// and two and two against four of a third word 0.03.
func sameShares(a, b map[string]int) float64 {
	type column struct{ of, all int } // of the first side, and of both
	var table []column
	for w := range union(a, b) {
		table = append(table, column{a[w], a[w] + b[w]})
	}
	slices.SortFunc(table, func(a, b column) int { return cmp.Or(-cmp.Compare(a.all, b.all), cmp.Compare(a.of, b.of)) })
	for len(table) > mostWords {
		last := len(table) - 1
		table[last-1].of += table[last].of
		table[last-1].all += table[last].all
		table = table[:last]
	}
	n, came := 0, 0.0 // of the first side; the logarithm of its weight
	for _, c := range table {
		n += c.of
		came += logChoose(c.all, c.of)
	}
	var as, all float64
	var deal func(i, left int, weight float64)
	deal = func(i, left int, weight float64) {
		if i == len(table) {
			if left == 0 {
				w := math.Exp(weight - came)
				if all += w; w <= 1+1e-9 {
					as += w
				}
			}
			return
		}
		for k := range min(left, table[i].all) + 1 {
			deal(i+1, left-k, weight+logChoose(table[i].all, k))
		}
	}
	deal(0, n, 0)
	return as / all
}

// logChoose is the logarithm of n over k.
func logChoose(n, k int) float64 {
	gamma := func(x int) float64 { l, _ := math.Lgamma(float64(x + 1)); return l }
	return gamma(n) - gamma(k) - gamma(n-k)
}

// VerdictsDiffer says whether a valid variant came to other verdicts on
// another side than on the base.
func (r *Result) VerdictsDiffer() bool {
	return slices.ContainsFunc(r.Variants, func(v Variant) bool {
		return slices.ContainsFunc(v.VerdictTests, func(t VerdictTest) bool { return t.Differs != nil && *t.Differs })
	})
}

// verdictChange is how a side's verdicts are to the base's.
func (v Variant) verdictChange(side int) string {
	switch test := v.VerdictTests[side]; {
	case test.Differs == nil:
		return "invalid"
	case *test.Differs:
		return "differs"
	case test.P == nil:
		return "same"
	}
	return "~"
}
