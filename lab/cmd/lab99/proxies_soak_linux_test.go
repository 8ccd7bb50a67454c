//go:build soak

package main

import "testing"

// TestSoakOtherProxies are the other kinds of proxy, one scenario after the other.
func TestSoakOtherProxies(t *testing.T) {
	for _, name := range []string{
		"varnish-holddown", "haproxy-never-in-http-mode", "haproxy-own-ports", "squid-post", "apache-error-state", "bind-first-shares-ports", "go-three-dials",
		"explicit-source-port", "idle-cap-bursts", "migrate",
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
