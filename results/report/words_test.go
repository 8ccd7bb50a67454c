package report

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestDueInAnInterval: where reuse counts whole seconds the report has both ends.
func TestDueInAnInterval(t *testing.T) {
	first, latest, half := 0.75, 1.5, 0.5
	v := variant{View: results.View{Variant: results.Variant{Predicted: law.Prediction{FirstError99S: &first}}}}
	for want, change := range map[string]func(){
		"0.75 s":                         func() {},
		"0.75 to 1.50 s":                 func() { v.Predicted.FirstError99LatestS = &latest },
		"0.75 to 1.50 s, given f = 0.50": func() { v.Predicted.FirstError99LatestS, v.Predicted.GivenShare = &latest, &half },
	} {
		v.Predicted.FirstError99LatestS, v.Predicted.GivenShare = nil, nil
		change()
		if got := v.PredictedError99(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	seen := 1.402
	c := comparison{Comparison: results.Comparison{
		Unit:          "s",
		Predicted:     &first,
		PredictedMost: &latest,
		Measured:      &seen,
	}}
	if got := c.Law(); got != "0.75 to 1.50 s" {
		t.Error(got)
	}
}
