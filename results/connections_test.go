package results

import (
	"math"
	"testing"
)

// TestConnectionsPerRequest: of the example's baseline every request that got
// through opened a connection, though two in three did not get through.
func TestConnectionsPerRequest(t *testing.T) {
	run, err := Glance("example/port-exhaustion-quick")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"baseline": 1, "keepalive": 0.0035, "tw-reuse": 1, "multi-ip": 1} {
		if got := run.Summary.Variant(name).ConnectionsPerRequest(); got == nil || math.Abs(*got-want) > 1e-9 {
			t.Errorf("%s: %v, want %g", name, got, want)
		}
	}
	if got := (Variant{}).ConnectionsPerRequest(); got != nil {
		t.Errorf("%g of a variant that was not measured", *got)
	}
}
