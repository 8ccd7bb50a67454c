package lab

import (
	"testing"

	"github.com/lab99/lab99/scenarios"
)

// TestWhoPassesConnectionsOn: a driver is told, or else it would spend one of the proxy's ports.
func TestWhoPassesConnectionsOn(t *testing.T) {
	for scenario, passes := range map[string]bool{
		"haproxy-tcp": true, "stream": true,
		"haproxy-never-in-http-mode": false, "port-exhaustion": false, "websockets": false,
	} {
		s, err := scenarios.Load(scenario)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve("quick", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Variants {
			if got := Layout(v).Passes; got != passes {
				t.Errorf("%s/%s passes connections on: %v, want %v", scenario, v.Name, got, passes)
			}
		}
	}
}
