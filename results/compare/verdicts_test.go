package compare

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/lab99/lab99/results"
)

// mixed are so many runs of each verdict.
func mixed(label string, counts ...int) Side {
	words := []string{"reproduced", "mitigated", "inconclusive", "invalid"}
	var verdicts []string
	for i, n := range counts {
		for range n {
			verdicts = append(verdicts, words[i])
		}
	}
	return side(label, len(verdicts), 2, func(i int, r *results.Run) { r.Summary.Variants[0].Verdict = verdicts[i] })
}

// TestVerdictsThatDiffer: how often they came counts, and sides that agree
// within themselves and not with each other differ at any number of runs.
func TestVerdictsThatDiffer(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		says string
		p    float64 // negative: not tested
	}{
		{[]int{1}, []int{1}, "same", -1},
		{[]int{10}, []int{3}, "same", -1},
		{[]int{1}, []int{0, 1}, "differs", -1},
		{[]int{3}, []int{0, 3}, "differs", -1},
		{[]int{4}, []int{3, 0, 0, 1}, "same", -1}, // invalid is no verdict
		{[]int{4}, []int{2, 2}, "~", 30. / 70},
		{[]int{10}, []int{9, 1}, "~", 1},
		{[]int{9, 1}, []int{1, 9}, "differs", 202. / 184756}, // 2·(10·10 + 1) of C(20, 10)
		{[]int{5, 5}, []int{5, 5}, "~", 1},
		{[]int{2, 2}, []int{0, 0, 4}, "differs", 2. / 70},
		{[]int{3, 1}, []int{0, 0, 4}, "differs", 2. / 70},
		{[]int{3, 1}, []int{1, 3}, "~", 34. / 70},
		{[]int{2, 1, 1}, []int{1, 1, 2}, "~", 1},
		{[]int{3, 1, 1}, []int{0, 2, 3}, "~", 72. / 252},
	} {
		r := compare(t, mixed("a", c.a...), mixed("b", c.b...))
		v := r.Variants[0]
		if got := v.verdictChange(1); got != c.says || r.VerdictsDiffer() != (c.says == "differs") {
			t.Errorf("%v against %v: %s, differ %v, want %s", c.a, c.b, got, r.VerdictsDiffer(), c.says)
		}
		p := v.VerdictTests[1].P
		if tested := c.p >= 0; (p != nil) != tested || tested && math.Abs(*p-c.p) > 1e-9 {
			t.Errorf("%v against %v: p %s, want %.3f", c.a, c.b, shownP(p), c.p)
		}
	}
}

// TestManyVariantsAreOneDecision: what is rare enough in one variant is not in
// the worst of twenty.
func TestManyVariantsAreOneDecision(t *testing.T) {
	for variants, want := range map[int]bool{1: true, 20: false} {
		var all []Variant
		for i := range variants {
			v := Variant{Valid: true, counted: []map[string]int{{"mitigated": 6}, {"mitigated": 5, "inconclusive": 1}}}
			if i == 0 { // p = 0.015
				v.counted[1] = map[string]int{"mitigated": 1, "inconclusive": 5}
			}
			all = append(all, v)
		}
		testVerdicts(all, alpha)
		if got := *all[0].VerdictTests[1].Differs; got != want {
			t.Errorf("%d variants: %v, p %g", variants, got, *all[0].VerdictTests[1].P)
		}
	}
}

// TestAnyNumberOfWordsEnds: files that nobody vouches for may have a hundred.
func TestAnyNumberOfWordsEnds(t *testing.T) {
	a, b := map[string]int{}, map[string]int{}
	for i := range 100 {
		a[fmt.Sprint("a", i)], b[fmt.Sprint("b", i)] = 1, 1
	}
	began := time.Now()
	if p := sameShares(a, b); p < 0 || p > 1 {
		t.Errorf("p %g", p)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestVerdictsLeftOutDoNotCount: that of a load cut short is one of these.
func TestVerdictsLeftOutDoNotCount(t *testing.T) {
	cut := side("b", 1, 2, func(_ int, r *results.Run) {
		r.Summary.Partial, r.Summary.Variants[1].Verdict = true, "inconclusive"
	})
	r := compare(t, side("a", 1, 2, nil), cut)
	if r.VerdictsDiffer() || r.Variants[1].Valid {
		t.Errorf("verdicts differ %v: %+v", r.VerdictsDiffer(), r.Variants[1])
	}
}
