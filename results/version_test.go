package results

import (
	"strings"
	"testing"
)

func TestReadable(t *testing.T) {
	for got, says := range map[string]string{
		"lab99/plan/v1":       "",
		"lab99/plan/v2":       "newer lab99",
		"lab99/plan/v1000":    "newer lab99",
		"lab99/plan/v0":       "never was",
		"lab99/summary/v1":    `want "lab99/plan/v1"`,
		"lab99/plan/v1 ":      "want",
		"lab99/plan/v9999999": "want",
		"":                    "want",
	} {
		err := readable(got, PlanSchema)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", got, err, says)
		}
	}
}
