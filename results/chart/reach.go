package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// half is the share of the tuples, in percent, beyond which connect() has to
// search; full is that at which most attempts soon fail, which is quick again.
const (
	half = 50
	full = 97
)

// reach is a stretch of the share taken. What holds in one says nothing of the
// next: with everything taken there are mostly fast failures, and a mean over
// both would hide that connect() was dear before.
type reach struct {
	name     string
	from, to float64
}

func reaches() []reach {
	return []reach{{"below half", 0, half}, {"half to 97 %", half, full}, {"full", full, math.Inf(1)}}
}

// of are the points within a reach.
func (r reach) of(ps []Point) []Point {
	var in []Point
	for _, p := range ps {
		if p.X >= r.from && p.X < r.to {
			in = append(in, p)
		}
	}
	return in
}

// findings are what the reaches beyond half have over that below, in all
// variants.
type findings struct {
	crossed bool        // some variant came to use half
	judged  bool        // and was seen often enough on both sides
	slower  [2][]string // for the neighbour: in the search, and with everything taken
	busier  [2][]string // the proxy
	proxy   string      // how people call it
}

// add compares the slower quarter of the neighbour's requests, since one that
// does not meet a connect() does not wait, and the median of the processor use.
// It counts what doubles, by at least a millisecond or a twentieth of a core:
// less is what the machine does by itself.
func (f *findings) add(name string, ms, use []Point) {
	all := reaches()
	quick, idle := all[0].of(ms), all[0].of(use)
	slow, busy := false, false
	for i, r := range all[1:] {
		dear, work := r.of(ms), r.of(use)
		f.crossed = f.crossed || len(dear)+len(work) > 0
		if min(len(quick), len(dear)) >= 3 {
			f.judged = true
			if a, b := quartile(quick), quartile(dear); !slow && b >= 2*a && b >= a+1 {
				slow = true
				f.slower[i] = append(f.slower[i], fmt.Sprintf("%s ms or more instead of %s ms with %s",
					format.Rough(b), format.Rough(a), name))
			}
		}
		if min(len(idle), len(work)) >= 2 {
			f.judged = true
			if a, b := median(idle), median(work); !busy && b >= 2*a && b >= a+0.05 {
				busy = true
				f.busier[i] = append(f.busier[i], fmt.Sprintf("%s cores instead of %s with %s",
					format.Rough(b), format.Rough(a), name))
			}
		}
	}
}

func (f *findings) title() string {
	var parts []string
	for i, where := range []string{"Beyond half the ports", "With all ports taken"} {
		var what []string
		if len(f.slower[i]) > 0 {
			what = append(what, "one in four of the requests that need no port takes "+strings.Join(f.slower[i], ", "))
		}
		if len(f.busier[i]) > 0 {
			what = append(what, f.proxy+" uses "+strings.Join(f.busier[i], ", "))
		}
		if len(what) > 0 {
			parts = append(parts, where+", "+strings.Join(what, "; "))
		}
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, ". ")
	case !f.judged:
		return "The ports went too fast to tell what the search for one costs"
	}
	return "No effect shows beyond half the ports, " +
		"neither on requests that need no port nor on " + f.proxy + "'s processor use"
}

// median, quartile and worst are of the Y, each that of a real request; of
// nothing, not a number.
func median(ps []Point) float64   { return ranked(ps, func(n int) int { return (n - 1) / 2 }) }
func quartile(ps []Point) float64 { return ranked(ps, func(n int) int { return 3 * n / 4 }) }
func worst(ps []Point) float64    { return ranked(ps, func(n int) int { return n - 1 }) }

func ranked(ps []Point, rank func(int) int) float64 {
	if len(ps) == 0 {
		return math.NaN()
	}
	ys := make([]float64, len(ps))
	for i, p := range ps {
		ys[i] = p.Y
	}
	slices.Sort(ys)
	return ys[rank(len(ys))]
}
