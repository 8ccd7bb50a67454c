//go:build soak

package main

import (
	"testing"
	"time"

	"github.com/lab99/lab99/internal/podmantest"
)

// TestSoakPodman is the main scenario and six more on Podman, as root and rootless: each as
// expected, and nothing left.
func TestSoakPodman(t *testing.T) {
	for _, who := range []struct {
		name  string
		start func(testing.TB) *podmantest.Service
	}{{"root", podmantest.Root}, {"rootless", podmantest.Rootless}} {
		t.Run(who.name, func(t *testing.T) {
			onPodman(t, who.start(t))
			for _, name := range []string{
				"port-exhaustion", "keepalive-size", "tw-reuse-ceiling", "backend-ips", "source-ips", "peer-ejection",
				"slow-backend",
			} {
				t.Run(name, func(t *testing.T) {
					i := ran(t, "docker", "run", name, "--size", "quick", "--images", "local")
					t.Log(i.stdout.String())
					nothingLeft(t, 0, true)
					i.noJanitor(t, 5*time.Second)
				})
			}
		})
	}
}
