package compare

import (
	"testing"
)

// TestShownP: a p is never 0.
func TestShownP(t *testing.T) {
	for p, want := range map[float64]string{1: "1.000", 0.0286: "0.029", 0.00058: "< 0.001"} {
		if got := shownP(&p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}
