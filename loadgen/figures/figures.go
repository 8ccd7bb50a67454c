// Package figures has what a load leaves: the counts of its requests and
// the quantiles of its latency. The generator, the samples of a run, its totals
// and its summary all embed these types, so that a new count is one field here
// and the line that counts it.
//
// It is apart from the generator for those who only read what a load left.
package figures

import (
	"iter"
	"math"
	"reflect"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Of has the counts of requests: numbers as [Counts], or pointers as [Optional].
// The help is that of a metric; what has none is in another by its outcome.
type Of[T int64 | *int64] struct {
	Scheduled T `json:"scheduled" help:"Requests whose time had come."`
	Sent      T `json:"sent" help:"Requests sent."`
	OK        T `json:"ok"` // ended with a complete 2xx or 3xx response
	Failed    T `json:"failed"`
	Late      T `json:"late" help:"Requests sent more than 10 ms after their time though a connection was free: the generator's fault."`
	Queued    T `json:"queued" help:"Requests that waited because no connection was free: the target's slowness."`
	Dropped   T `json:"dropped" help:"Requests that waited past the timeout and were never sent."`
}

// Counts are the requests of a run or of an interval.
type Counts = Of[int64]

// Optional are counts that may not have been taken: null, which is not 0.
type Optional = Of[*int64]

// Add adds every count of more to sum.
func Add(sum, more *Counts) { each(sum, more, func(a, b int64) int64 { return a + b }) }

// Sub takes every count of less from sum.
func Sub(sum, less *Counts) { each(sum, less, func(a, b int64) int64 { return a - b }) }

func each(sum, other *Counts, of func(a, b int64) int64) {
	a, b := reflect.ValueOf(sum).Elem(), reflect.ValueOf(other).Elem()
	for i := range a.NumField() {
		a.Field(i).SetInt(of(a.Field(i).Int(), b.Field(i).Int()))
	}
}

// Name is what a count is called, in JSON as in tables, and its help as a metric.
type Name struct{ JSON, Help string }

// All gives every count of requests with its name, in their order.
func All(c Counts) iter.Seq2[Name, int64] {
	return func(yield func(Name, int64) bool) {
		for i, v := range reflect.ValueOf(c).Fields() {
			if !yield(Name{i.Tag.Get("json"), i.Tag.Get("help")}, v.Int()) {
				return
			}
		}
	}
}

// Taken are the counts as those of a load that was measured.
func Taken(c Counts) (o Optional) {
	to := reflect.ValueOf(&o).Elem()
	for i := range to.NumField() {
		to.Field(i).Set(reflect.ValueOf(new(reflect.ValueOf(c).Field(i).Int())))
	}
	return o
}

// Latency has quantiles in the unit that its field names.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Quantiles are those of a histogram of per values to the unit: nil of nothing.
func Quantiles(h *hdrhistogram.Histogram, per float64) *Latency {
	if h.TotalCount() == 0 {
		return nil
	}
	q := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	in := func(v int64) float64 { return Round(float64(v), per) }
	return &Latency{in(q[0]), in(q[1]), in(q[2]), in(q[3]), in(h.Max())}
}

// Round is a value of a histogram in a unit of per values, with four decimals.
func Round(v float64, per float64) float64 { return math.Round(v/per*1e4) / 1e4 }
