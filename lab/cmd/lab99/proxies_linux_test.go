package main

import "testing"

// TestAnotherProxyRunsOut runs a real one, whose log comes as datagrams. The others are in
// TestSoakOtherProxies.
func TestAnotherProxyRunsOut(t *testing.T) {
	share(t, "netns", manyLabs)
	runsOutAs(t, "haproxy-tcp")
}

// TestAnotherProtocolRunsOut runs real PHP-FPM behind nginx. The others are in
// TestSoakOtherProtocols.
func TestAnotherProtocolRunsOut(t *testing.T) {
	share(t, "netns", manyLabs)
	runsOutAs(t, "fastcgi")
}

// runsOutAs holds the quick size of a scenario to its lessons.
func runsOutAs(t *testing.T, name string) {
	t.Helper()
	i := ran(t, "netns", "run", name, "--size", "quick", "--parallel", "2")
	i.nothingLeft(t)
	teaches(t, i.dir(t))
}
