package compare

import (
	"math"
	"slices"

	"github.com/lab99/lab99/results"
	"golang.org/x/perf/benchmath"
)

// The statistics, and what they take: with fewer runs the interval is
// unbounded, and on two sides of as many no arrangement of the values has a p
// of alpha or less.
const (
	confidence        = 0.95
	runsForInterval   = 6
	runsForDifference = 4
)

// canDiffer says whether sides of these sizes can show a difference: two of
// all arrangements are the farthest apart.
func canDiffer(a, b int) bool {
	arrangements := 1.0
	for i := 1; i <= a; i++ {
		arrangements *= float64(b+i) / float64(i)
	}
	return 2/arrangements <= thresholds.CompareAlpha
}

var thresholds = benchmath.DefaultThresholds

// figure is a number of a variant's row that is compared; nil where the row
// has none, and +Inf for the time of what did not come.
type figure struct {
	name, unit string
	get        func(results.Variant) *float64
}

// figures are in the order a reader asks for them.
var figures = []figure{
	{"first error 99", "s", firstError},
	{"ok", "requests", func(v results.Variant) *float64 { return float(v.OK) }},
	{"failed share", "%", func(v results.Variant) *float64 {
		if v.OK == nil || v.Failed == nil {
			return nil
		}
		return ratio(100*float64(*v.Failed), float64(*v.OK+*v.Failed))
	}},
	{"new connections per request", "", results.Variant.ConnectionsPerRequest},
	{"load factor ρ", "", func(v results.Variant) *float64 { return v.RhoSteady }},
	{"ports used at most", "", func(v results.Variant) *float64 { return float(v.Ports.PeakUsed) }},
	{"latency p50", "ms", latency(func(l *results.Latency) float64 { return l.P50 })},
	{"latency p99", "ms", latency(func(l *results.Latency) float64 { return l.P99 })},
	{"latency max", "ms", latency(func(l *results.Latency) float64 { return l.Max })},
	{"nginx CPU per request", "µs", func(v results.Variant) *float64 {
		if v.CPU.Proxy == nil || v.LoadEndS == nil || v.Sent == nil {
			return nil
		}
		return ratio(1e6**v.CPU.Proxy**v.LoadEndS, float64(*v.Sent))
	}},
	{"neighbour max", "ms", func(v results.Variant) *float64 {
		if v.Neighbour == nil {
			return nil
		}
		return &v.Neighbour.Max
	}},
}

// firstError is later than any where none came. To leave those runs out would
// take a side that fails one time in two for one that always does.
func firstError(v results.Variant) *float64 {
	if v.FirstError == nil && v.Errors != nil && v.Errors.Error99 == 0 {
		never := math.Inf(1)
		return &never
	}
	return v.FirstError
}

func latency(of func(*results.Latency) float64) func(results.Variant) *float64 {
	return func(v results.Variant) *float64 {
		ok := v.Succeeded() // a fast error page must not make a side look better
		if ok == nil {
			return nil
		}
		x := of(ok)
		return &x
	}
}

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	x := float64(*n)
	return &x
}

func ratio(a, b float64) *float64 {
	if b == 0 {
		return nil
	}
	x := a / b
	return &x
}

// Value is a figure on one side.
type Value struct {
	N      int      `json:"n"`      // runs that have it
	Absent int      `json:"absent"` // valid runs that have not: no error 99 came, or it was not measured
	Never  int      `json:"never"`  // of these, those in which it did not come: in all that follows later than any
	Median *float64 `json:"median"` // null: in half of the runs or more it did not come, or none has it
	// Of the confidence interval; null: unbounded, for too few runs or for those in
	// which it did not come.
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	Least   *float64 `json:"least"` // of those that have it
	Most    *float64 `json:"most"`
	P       *float64 `json:"p"`       // of the test against the base; null: not tested
	Differs *bool    `json:"differs"` // p is at most alpha; null: not tested
	// The median over the base's, less 1; null: no difference shown, from 0, or no median.
	Change *float64 `json:"change"`

	level float64 // of the test: how likely it shows a difference by chance
}

// of makes the figure on every side, and tests it where that is allowed. The
// second result is false where no side has it.
func (f figure) of(rows [][]results.Variant, tested bool) (m Metric, any bool) {
	m = Metric{Name: f.name, Unit: f.unit}
	var base []float64
	for i, side := range rows {
		var xs []float64
		for _, row := range side {
			if x := f.get(row); x != nil {
				xs = append(xs, *x)
			}
		}
		slices.Sort(xs)
		v := summary(xs, len(side))
		any = any || v.N > 0
		if i == 0 {
			base = xs
		} else if tested && len(base) > 0 && len(xs) > 0 {
			v.test(base, xs, m.Sides[0].Median)
		}
		m.Sides = append(m.Sides, v)
	}
	return m, any
}

// summary is of the values of so many runs, in order.
func summary(xs []float64, runs int) Value {
	var v Value
	for _, x := range xs {
		if !math.IsInf(x, 1) {
			v.N++
		}
	}
	v.Absent, v.Never = runs-v.N, len(xs)-v.N
	if v.N > 0 {
		interval := benchmath.AssumeNothing.Summary(benchmath.NewSample(xs, &thresholds), confidence)
		v.Median, v.Low, v.High = finite(median(xs)), finite(interval.Lo), finite(interval.Hi)
		v.Least, v.Most = &xs[0], &xs[v.N-1]
	}
	return v
}

func median(xs []float64) float64 { return xs[(len(xs)-1)/2]/2 + xs[len(xs)/2]/2 }

func (v *Value) test(base, xs []float64, was *float64) {
	p, level := rankTest(base, xs, thresholds.CompareAlpha)
	differs := p <= thresholds.CompareAlpha
	v.P, v.Differs, v.level = &p, &differs, level
	if differs && was != nil && v.Median != nil {
		v.Change = finite(*v.Median / *was - 1)
	}
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}
