package cli

import (
	"testing"

	"github.com/lab99/lab99/lab/verdict"
)

// TestWorse: every code has its place, and an interruption tops all.
func TestWorse(t *testing.T) {
	for _, c := range []struct{ a, b, want int }{
		{0, 0, 0}, {0, 2, 2}, {2, 1, 1}, {1, 2, 1}, {1, 3, 3}, {3, 70, 70}, {70, 1, 70}, {130, 70, 130},
	} {
		if got := worse(c.a, c.b); got != c.want {
			t.Errorf("of %d and %d the worse is %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if worse(0, verdict.ExitUndecided) != verdict.ExitUndecided {
		t.Error("an undecided run is lost")
	}
}
