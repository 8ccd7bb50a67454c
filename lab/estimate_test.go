package lab

import (
	"testing"

	"github.com/lab99/lab99/scenarios"
)

// TestWhatRunsAlone: what measures processor or time, by its plan or by its
// scenario's word, and nothing of the usual kind.
func TestWhatRunsAlone(t *testing.T) {
	for name, want := range map[string]bool{
		"port-exhaustion": false, "plain-proxy-pass": false, "random-arrivals": false,
		"half-range-cliff": true, "prefork-starved": true, "idle-close-race": true,
	} {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := need(planned(t, s, "quick").Variants[0]); got.Alone != want || got.Cores <= 0 {
			t.Errorf("%s needs %+v, want alone: %v", name, got, want)
		}
	}
}
