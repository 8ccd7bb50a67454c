package trace

import (
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("of nothing: %v, want 0", got)
	}
	for range 98 {
		h[10]++ // 1,024 to 2,047 ns
	}
	h[20] += 2
	for q, want := range map[float64]time.Duration{0.5: 2047, 0.98: 2047, 0.99: 1<<21 - 1, 1: 1<<21 - 1} {
		if got := h.Quantile(q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	h[63]++
	if got := h.Quantile(1); got != 1<<63-1 {
		t.Errorf("the longest: %d, want the longest time there is", got)
	}
}
