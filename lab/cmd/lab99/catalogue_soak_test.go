//go:build soak

package main

import "testing"

// TestSoakShortScenarios are six scenarios, their variants at once and one after the other.
func TestSoakShortScenarios(t *testing.T) {
	atOnceAndSerial(t, "backend-ports", "same-address-thrice", "tw-reuse-ceiling", "source-ips", "unix-socket",
		"myth-fin-timeout")
}

// TestSoakRaceForTheClose is a scenario of which the law knows only what share of the
// connections nginx closed.
func TestSoakRaceForTheClose(t *testing.T) {
	i := ran(t, "netns", "run", "half-done-keepalive", "--size", "quick", "--parallel", "2")
	i.nothingLeft(t)
	teaches(t, i.dir(t))
}
