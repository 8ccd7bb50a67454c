package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"testing"
)

// luminance is that of WCAG 2, 0 for black and 1 for white.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		c := float64(v>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestWhatIsDrawnCanBeSeen holds every line and edge against the page, white
// and dark: WCAG 1.4.11 asks for 3 to 1, 1.4.3 for 4.5 to 1 of text. The grid
// is meant to be faint: the labels say the same.
func TestWhatIsDrawnCanBeSeen(t *testing.T) {
	page := paper.look()
	for _, l := range theme() {
		want := 3.0
		switch {
		case l.of == grid || l.of == paper:
			continue
		case slices.Contains([]Meaning{ink, muted}, l.of):
			want = 4.5
		}
		if got := contrast(t, cmp.Or(l.edge, l.light), page.light); got < want {
			t.Errorf("%s on white: %.2f to 1, want %g", l.of, got, want)
		}
		if got := contrast(t, l.dark, page.dark); got < want {
			t.Errorf("%s on a dark page: %.2f to 1, want %g", l.of, got, want)
		}
	}
	if got := contrast(t, "#FFFFFF", "#000000"); math.Abs(got-21) > 1e-9 {
		t.Errorf("white on black: %g to 1, want 21", got)
	}
}
