package verdict

import (
	"math"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestFirstLineInTheLog: nginx's log is looked at every 100 ms, and the number of
// lines tells when the first of them was written. What a line stands for depends on
// how many connect() of a request fail.
func TestFirstLineInTheLog(t *testing.T) {
	for name, tc := range map[string]struct {
		laws  law.Setup
		lines int64 // of the 100 ms before 1.2 s, at 100 requests a second
		want  float64
	}{
		"one backend":                     {law.Setup{}, 9, 1.11},
		"nine of ten requests fail, once": {law.Setup{HeaviestShare: 0.9}, 8, 1.111},
		"the same from two sources":       {law.Setup{HeaviestShare: 0.45, Sources: 2}, 8, 1.111},
		"more than there is time for":     {law.Setup{}, 30, 1.1},
	} {
		at := func(t float64, lines int64) results.Sample {
			return results.Sample{Host: results.HostProxy, T: t, Net: &results.Net{Log: &results.Errors{Error99: lines}}}
		}
		m := Measured{
			Laws:    tc.laws,
			Totals:  new(results.Totals),
			Samples: []results.Sample{at(1.1, 0), at(1.2, tc.lines)},
		}
		m.Plan.RatePerS = 100
		first, _ := m.firstError99()
		if first == nil {
			t.Fatalf("%s: no first line", name)
		}
		if math.Abs(*first-tc.want) > 0.001 {
			t.Errorf("%s: the first line is of %.3f s, want %.3f s", name, *first, tc.want)
		}
	}
}
