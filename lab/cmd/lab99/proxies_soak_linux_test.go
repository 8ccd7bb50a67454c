//go:build soak

package main

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
)

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

// TestSoakOwnKindsEverywhere runs files of the user's own, of each kind but nginx, on containers
// and for a user without rights: what TestOwnKinds and TestOwnHAProxy have of them as root.
func TestSoakOwnKindsEverywhere(t *testing.T) {
	everywhere := map[string]func(t *testing.T) func(args ...string) *invocation{
		"docker": func(t *testing.T) func(...string) *invocation {
			return func(args ...string) *invocation { return startOn(t, "docker", append(args, "--images", "local")...) }
		},
		"rootless": func(t *testing.T) func(...string) *invocation { return asNobody(t, "testdata") },
	}
	for where, starter := range everywhere {
		t.Run(where, func(t *testing.T) {
			start := starter(t)
			ownKinds(t, func() *invocation { return start("run", "testdata/own-kinds", "--parallel", "2") })
			i := start("run", "testdata/own-haproxy.yaml", "--size", "quick")
			if exitStatus(i.cmd.Wait()) == "2" && i.invalid(t) {
				t.Logf("disturbed, and so made once more:\n%s", i.stdout.String())
				i = start("run", "testdata/own-haproxy.yaml", "--size", "quick")
				i.cmd.Wait()
			}
			i.nothingLeft(t)
			for _, v := range i.summary(t).Variants {
				want := map[string]string{"baseline": law.Reproduced, "own-ports": law.Mitigated}[v.Name]
				if v.Verdict != want || v.AsExpected == nil || !*v.AsExpected {
					t.Errorf("HAProxy, %s: %s (%s), want %s", v.Name, v.Verdict, v.Why, want)
				}
			}
		})
	}
}

// runsOutAs holds the quick size of a scenario to its lessons.
func runsOutAs(t *testing.T, name string) {
	t.Helper()
	i := ran(t, "netns", "run", name, "--size", "quick", "--parallel", "2")
	i.nothingLeft(t)
	teaches(t, i.dir(t))
}
