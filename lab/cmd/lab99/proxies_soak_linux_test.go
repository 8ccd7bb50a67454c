//go:build soak

package main

import "testing"

// TestSoakOtherProxies are the other kinds of proxy, one scenario after the other. CI runs
// haproxy-tcp. In make test there is a haproxy.cfg of the user's own (TestOwnHAProxy).
func TestSoakOtherProxies(t *testing.T) {
	for _, name := range []string{
		"haproxy-tcp", "varnish-holddown", "haproxy-never-in-http-mode", "haproxy-own-ports", "squid-post",
		"apache-error-state", "bind-first-shares-ports", "go-three-dials", "explicit-source-port",
		"idle-cap-bursts", "migrate", "backends-any-proxy",
	} {
		t.Run(name, func(t *testing.T) { runsOutAs(t, name) })
	}
}

// TestSoakOtherProtocols runs real backends behind nginx, uWSGI and memcached; for gRPC it is
// the lab's own. CI runs it, too.
func TestSoakOtherProtocols(t *testing.T) {
	for _, name := range []string{"fastcgi", "uwsgi", "memcached", "grpc"} {
		t.Run(name, func(t *testing.T) { runsOutAs(t, name) })
	}
}

// runsOutAs holds the quick size of a scenario to its lessons.
func runsOutAs(t *testing.T, name string) {
	t.Helper()
	i := ran(t, "netns", "run", name, "--size", "quick", "--parallel", "2")
	i.nothingLeft(t)
	teaches(t, i.dir(t))
}
