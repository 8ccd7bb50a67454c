package lab

import "testing"

// TestWhoPassesConnectionsOn: a driver is told, or else it would spend one of the proxy's ports.
func TestWhoPassesConnectionsOn(t *testing.T) {
	for scenario, passes := range map[string]bool{
		"haproxy-tcp": true, "stream": true,
		"haproxy-never-in-http-mode": false, "port-exhaustion": false, "websockets": false,
	} {
		for _, v := range resolved(t, scenario, "quick").Variants {
			if got := Layout(v).Passes; got != passes {
				t.Errorf("%s/%s passes connections on: %v, want %v", scenario, v.Name, got, passes)
			}
		}
	}
}
