package compare

import (
	"math"

	"github.com/lab99/lab99/results"
	"golang.org/x/perf/benchmath"
)

// The statistics, and what they take: with fewer runs the interval is
// unbounded, and no arrangement of the values has a p below alpha.
const (
	confidence        = 0.95
	runsForInterval   = 6
	runsForDifference = 4
)

var thresholds = benchmath.DefaultThresholds

// figure is a number of a variant's row that is compared; nil where the row
// has none.
type figure struct {
	name, unit string
	get        func(results.Variant) *float64
}

// figures are in the order a reader asks for them.
var figures = []figure{
	{"first error 99", "s", func(v results.Variant) *float64 { return v.FirstError }},
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

func latency(of func(*results.Latency) float64) func(results.Variant) *float64 {
	return func(v results.Variant) *float64 {
		if v.Latency == nil {
			return nil
		}
		x := of(v.Latency)
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
	N       int      `json:"n"`      // runs that have it
	Absent  int      `json:"absent"` // valid runs that have not: no error 99 came, or it was not measured
	Median  *float64 `json:"median"`
	Low     *float64 `json:"low"` // of the confidence interval; null: unbounded, for too few runs
	High    *float64 `json:"high"`
	Least   *float64 `json:"least"`
	Most    *float64 `json:"most"`
	P       *float64 `json:"p"`       // of the test against the base; null: not tested
	Differs *bool    `json:"differs"` // p is at most alpha; null: not tested
	Change  *float64 `json:"change"`  // the median over the base's, less 1; null: no difference shown, or from 0
}

// of makes the figure on every side, and tests it where that is allowed. The
// second result is false where no side has it.
func (f figure) of(rows [][]results.Variant, tested bool) (m Metric, any bool) {
	m = Metric{Name: f.name, Unit: f.unit}
	var base *benchmath.Sample
	for i, side := range rows {
		var xs []float64
		for _, row := range side {
			if x := f.get(row); x != nil {
				xs = append(xs, *x)
			}
		}
		v := Value{N: len(xs), Absent: len(side) - len(xs)}
		var sample *benchmath.Sample
		if len(xs) > 0 {
			any = true
			sample = benchmath.NewSample(xs, &thresholds)
			v.summarise(sample)
		}
		if i == 0 {
			base = sample
		} else if tested && base != nil && sample != nil {
			v.test(base, sample, *m.Sides[0].Median)
		}
		m.Sides = append(m.Sides, v)
	}
	return m, any
}

func (v *Value) summarise(s *benchmath.Sample) {
	sum := benchmath.AssumeNothing.Summary(s, confidence)
	v.Median, v.Low, v.High = finite(sum.Center), finite(sum.Lo), finite(sum.Hi)
	v.Least, v.Most = finite(s.Values[0]), finite(s.Values[len(s.Values)-1])
}

func (v *Value) test(base, s *benchmath.Sample, was float64) {
	c := benchmath.AssumeNothing.Compare(base, s)
	// Where all values are one number the test has nothing to rank, and P is 1.
	differs := c.P <= c.Alpha
	v.P, v.Differs = &c.P, &differs
	if differs && was != 0 {
		v.Change = finite(*v.Median/was - 1)
	}
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}
