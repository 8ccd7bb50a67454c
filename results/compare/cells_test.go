package compare

import (
	"testing"

	"github.com/lab99/lab99/results"
)

// TestShownP: a p is never 0.
func TestShownP(t *testing.T) {
	for p, want := range map[float64]string{1: "1.000", 0.0286: "0.029", 0.00058: "< 0.001"} {
		if got := shownP(&p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}

// TestLatencyIsThatOfSuccesses: a side whose requests fail fast is not the faster one, and
// of a run that mixed the two nobody can say.
func TestLatencyIsThatOfSuccesses(t *testing.T) {
	t.Parallel()
	mixed, good, none, some := &results.Latency{P50: 1}, &results.Latency{P50: 9}, int64(0), int64(7)
	p50 := latency(func(l *results.Latency) float64 { return l.P50 })
	row := func(failed int64, ok *results.Latency) results.Variant {
		v := results.Variant{Latency: mixed, LatencyOK: ok}
		v.Failed = &failed
		return v
	}
	for _, c := range []struct {
		name string
		of   results.Variant
		want float64 // 0: not measured
	}{{"apart", row(some, good), 9}, {"an older run without failures", row(none, nil), 1}, {"an older run with some", row(some, nil), 0}} {
		if got := p50(c.of); (got == nil) != (c.want == 0) || got != nil && *got != c.want {
			t.Errorf("%s: %v, want %g", c.name, got, c.want)
		}
	}
}
