package chart

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
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
	late, odd := variantOf("d"), variantOf("e")
	late.Verdict, odd.Verdict = law.Invalid, law.Invalid
	for want, vs := range map[string][]variant{
		"a ran out of ports at 3.33 s; b held":               {ranOut("a", 3.334), held},
		"a (3.33 s) and c (9.70 s) ran out of ports; b held": {ranOut("a", 3.334), held, ranOut("c", 9.7)},
		"d is invalid; a ran out of ports at 3.33 s":         {late, ranOut("a", 3.334)},
		"d and e are invalid; b held":                        {late, held, odd},
	} {
		if got := comparison(vs); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
