package compare

import "testing"

// TestNumber: as many digits as tell runs apart, and never 0 for what is more.
func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1: "1", 28232: "28232", 1.00312: "1.003", 12.2884: "12.29", 4567.8: "4568", 0.2513: "0.251", 0.0035: "0.0035", 0.000412: "0.000412", 99.996: "100", -2.5: "-2.5"} {
		if got := number(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}

// TestShownP: a p is never 0.
func TestShownP(t *testing.T) {
	for p, want := range map[float64]string{1: "1.000", 0.0286: "0.029", 0.00058: "< 0.001"} {
		if got := shownP(&p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}
