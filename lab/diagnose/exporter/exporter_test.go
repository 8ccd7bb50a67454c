package exporter

import (
	"testing"
	"time"
)

// TestWait: looks take half a percent of a processor at the most, unless they get too old
// for it.
func TestWait(t *testing.T) {
	const ms = time.Millisecond
	for took, want := range map[time.Duration]time.Duration{
		0: 5 * time.Second, 25 * ms: 5 * time.Second, 50 * ms: 10 * time.Second, 500 * ms: 30 * time.Second,
	} {
		if got := wait(took); got != want {
			t.Errorf("after %v: %v, want %v", took, got, want)
		}
	}
}
