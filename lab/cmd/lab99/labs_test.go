package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

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
func TestFourLabsAtOnce(t *testing.T) { fourLabs(t, "netns") }

func TestFourLabsOfContainersAtOnce(t *testing.T) {
	share(t, "docker", tinyLab)
	fourLabs(t, "docker")
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
		ready := agent.Command{Ready: &agent.Ready{
			Backends:  topo.Backends,
			Proxy:     topo.Proxy,
			TimeoutMs: 10_000,
			Dial:      true,
		}}
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

// TestUpGivenUp: whenever a lab is given up while it comes up, nothing of it is
// left: no container that the engine was still making, and no network.
func TestUpGivenUp(t *testing.T) {
	share(t, "docker", tinyLab)
	d := openDriver(t, "docker")
	for _, after := range []int{30, 60, 90, 130, 180, 250, 330, 420, 520, 640} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(after)*time.Millisecond)
		l, err := d.Up(ctx, driver.Spec{
			Run: "given-up", Variant: fmt.Sprint("after-", after), Configure: listening, OnRecord: func(string, agent.Record) {},
		})
		cancel()
		if err == nil { // it was quicker
			err = l.Down(t.Context())
		} else if errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
		if err != nil {
			t.Errorf("given up after %d ms: %v", after, err)
		}
		nothingLeft(t, 0, true)
	}
}

// TestLiveLabsAreSpared: what a living command has made stays, however long its
// tether takes to start, also when another command cleans; --force takes it away.
func TestLiveLabsAreSpared(t *testing.T) {
	share(t, "docker", tinyLab)
	d := openDriver(t, "docker")
	path := binaryOf(t)
	clean := func(args ...string) string {
		out, err := exec.Command(path, append([]string{"clean"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("clean: %v", err)
		}
		return string(out)
	}
	network := func() int { return len(docker(t, "network", "ls", "-q", "--filter", "label=org.lab99.run=slow")) }
	l, err := d.Up(t.Context(), driver.Spec{
		Run: "slow", Variant: "v", OnRecord: func(string, agent.Record) {},
		Configure: func(topo driver.Topology) (proxy, backend driver.Server, err error) {
			// The network is there, and nothing else.
			time.Sleep(4 * time.Second)
			if _, err := d.Sweep(t.Context(), driver.Leftovers); err != nil {
				t.Error(err)
			}
			if said := clean(); !strings.Contains(said, "kept run slow: its command is still running") {
				t.Errorf("clean says\n%s", said)
			}
			if network() != 1 {
				t.Error("the network of a lab that comes up is gone")
			}
			return listening(topo)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down(t.Context())
	clean()
	select {
	case dead := <-l.Exited():
		t.Errorf("clean ended a live lab: %v", dead)
	case <-time.After(time.Second):
	}
	clean("--force")
	if network() != 0 {
		t.Error("clean --force left the network")
	}
	<-l.Exited()
}

// TestSubnetOfAHostsRoute: a lab there would cut the host off from its own
// network. With another candidate to take there is no error.
func TestSubnetOfAHostsRoute(t *testing.T) {
	share(t, "docker", tinyLab)
	d := openDriver(t, "docker")
	const name, covered = "lab99-route", "10.213.0.0/16"
	if out, err := exec.Command("ip", "link", "add", name, "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("no interface to route to: %s", out)
	}
	t.Cleanup(func() { exec.Command("ip", "link", "del", name).Run() })
	for _, args := range [][]string{{"link", "set", name, "up"}, {"route", "add", covered, "dev", name}} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %s", args, out)
		}
	}
	up := func(subnets ...netip.Prefix) (driver.Lab, error) {
		return d.Up(t.Context(), driver.Spec{
			Run: "routes", Variant: "v", Subnets: subnets, Configure: listening, OnRecord: func(string, agent.Record) {},
		})
	}
	inside, free := netip.MustParsePrefix("10.213.7.0/24"), netip.MustParsePrefix("10.214.7.0/24")
	_, err := up(inside)
	if unfit := new(driver.UnfitError); !errors.As(err, &unfit) || !strings.Contains(unfit.What, covered+" of "+name) ||
		!strings.Contains(unfit.Hint, "--subnet") {
		t.Errorf("%v, want an UnfitError that names the route", err)
	}
	l, err := up(inside, free)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Topology().Subnet; got != free {
		t.Errorf("subnet %v", got)
	}
	if err := l.Down(t.Context()); err != nil {
		t.Error(err)
	}
	nothingLeft(t, 0, true)
}
