package main

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	dockerdriver "github.com/lab99/lab99/lab/driver/docker"
	"github.com/lab99/lab99/lab/driver/netns"
	"github.com/lab99/lab99/results"
)

// openDriver opens a driver in this process, whose child, for netns, is this
// program again.
func openDriver(t *testing.T, name string) driver.Driver {
	t.Helper()
	if name == "netns" {
		needs.Root(t)
		t.Setenv("LAB99_AS_PROGRAM", "yes")
		d, err := netns.New(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	needs.Docker(t)
	d, err := dockerdriver.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if d.Program, err = binary(); err != nil {
		t.Fatal(err)
	}
	return d
}

// listening are servers of the lab's own, which need no image.
func listening(topo driver.Topology) (proxy, backend driver.Server, err error) {
	at := func(a netip.AddrPort) driver.Server {
		return driver.Server{Agent: true, Command: []string{"backend", "--listen", a.String()}}
	}
	return at(topo.Proxy), at(topo.Backends[0]), nil
}

// TestFourLabsAtOnce: labs of one run come up at the same time, each on a
// network of its own. One that fails takes nothing of the others with it.
func TestFourLabsAtOnce(t *testing.T) {
	for _, name := range []string{"docker", "netns"} {
		t.Run(name, func(t *testing.T) { fourLabs(t, name) })
	}
}

func fourLabs(t *testing.T, name string) {
	d := openDriver(t, name)
	const n = 4
	labs := make([]driver.Lab, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			l, err := d.Up(t.Context(), driver.Spec{
				Run: "four-labs", Variant: fmt.Sprint("v", i), Configure: listening, OnRecord: func(string, agent.Record) {},
			})
			if err != nil {
				t.Errorf("lab %d: %v", i, err)
				return
			}
			labs[i] = l
		})
	}
	wg.Go(func() {
		_, err := d.Up(t.Context(), driver.Spec{
			Run: "four-labs", Variant: "broken", OnRecord: func(string, agent.Record) {},
			Configure: func(topo driver.Topology) (proxy, backend driver.Server, err error) {
				proxy, backend, err = listening(topo)
				backend.Sysctls = map[string]string{"net.ipv4.nonsense": "1"}
				return proxy, backend, err
			},
		})
		if err == nil {
			t.Error("a lab came up with a sysctl that no kernel has")
		}
	})
	wg.Wait()
	seen := map[netip.Prefix]bool{}
	for i, l := range labs {
		if l == nil {
			continue
		}
		defer l.Down(t.Context())
		topo := l.Topology()
		if seen[topo.Subnet] && name == "docker" {
			t.Errorf("two labs have %v", topo.Subnet)
		}
		seen[topo.Subnet] = true
		ready := agent.Command{Ready: &agent.Ready{Backends: topo.Backends, Proxy: topo.Proxy, TimeoutMs: 10_000, Dial: true}}
		if _, err := l.Agent(results.HostLoad).Call(t.Context(), ready); err != nil {
			t.Errorf("lab %d: %v", i, err)
		}
		select {
		case dead := <-l.Exited():
			t.Errorf("lab %d: %v", i, dead)
		default:
		}
	}
	for i, l := range labs {
		if l == nil {
			continue
		}
		if err := l.Down(t.Context()); err != nil {
			t.Errorf("lab %d: %v", i, err)
		}
	}
	if name == "docker" {
		nothingLeft(t, 0, true)
	}
}
