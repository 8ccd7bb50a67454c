package chart

import (
	"slices"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

func ranOut(name string, at float64) variant {
	v := variantOf(name)
	v.Verdict, v.FirstError = law.Reproduced, &at
	return v
}

// TestComparisonIsBrief: variants that ran out of ports share the words for it.
func TestComparisonIsBrief(t *testing.T) {
	held := variantOf("b")
	held.Verdict = law.Mitigated
	for want, vs := range map[string][]variant{
		"a ran out of ports at 3.33 s; b held":               {ranOut("a", 3.334), held},
		"a (3.33 s) and c (9.70 s) ran out of ports; b held": {ranOut("a", 3.334), held, ranOut("c", 9.7)},
	} {
		if got := comparison(vs); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestFailuresByTheLog: a client of a proxy in TCP mode sees no cause, and the verdict has one.
func TestFailuresByTheLog(t *testing.T) {
	for name, c := range map[string]struct{ judged, seen, first, second results.Errors }{
		"a client sees no cause":      {results.Errors{Error99: 14}, results.Errors{Other: 7}, results.Errors{Error99: 7}, results.Errors{Error99: 7}},
		"the log has not all of them": {results.Errors{Error99: 3, Other: 11}, results.Errors{Other: 7}, results.Errors{Other: 7}, results.Errors{Other: 7}},
		"most were not tried": {results.Errors{Error99: 2, NoLiveUpstreams: 12}, results.Errors{Error99: 7},
			results.Errors{Error99: 2, NoLiveUpstreams: 5}, results.Errors{NoLiveUpstreams: 7}},
		"and clients know it": {results.Errors{Error99: 6, NoLiveUpstreams: 8}, results.Errors{Error99: 3, NoLiveUpstreams: 4},
			results.Errors{Error99: 3, NoLiveUpstreams: 4}, results.Errors{Error99: 3, NoLiveUpstreams: 4}},
	} {
		v := ranOut("other", 2)
		v.Errors = &c.judged
		load := &results.Load{IntervalS: 0.1, Errors: c.seen}
		v.Data.Samples = []results.Sample{{T: 3, Load: load}, {T: 4, Load: load}}
		var got []results.Errors
		v.failures(func(_, _ float64, e results.Errors) { got = append(got, e) })
		if want := []results.Errors{c.first, c.second}; !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
