package main

import "testing"

// TestOtherProxiesRunOut runs real ones: HAProxy's log comes as datagrams, Varnish's is read
// from its memory. The others are in TestSoakOtherProxies.
func TestOtherProxiesRunOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"haproxy-tcp", "varnish-holddown"} {
		t.Run(name, func(t *testing.T) {
			share(t, "netns", manyLabs)
			runsOutAs(t, name)
		})
	}
}

// runsOutAs holds the quick size of a scenario to its lessons. A run of which a variant was
// too disturbed to judge, twice, is made once more.
func runsOutAs(t *testing.T, name string) {
	t.Helper()
	var i *invocation
	code := "2"
	for try := 0; code == "2" && try < 2; try++ {
		i = startOn(t, "netns", "run", name, "--size", "quick", "--parallel", "2")
		code = exitStatus(i.cmd.Wait())
	}
	if code != "0" {
		t.Fatalf("exit code %s, want 0", code)
	}
	i.nothingLeft(t)
	teaches(t, i.dir(t))
}
