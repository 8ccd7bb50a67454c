package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// killAnywhere kills the command some time into a run. It is stopped first, so
// that it makes nothing between the look at what there is and its end.
func killAnywhere(t *testing.T, after time.Duration) {
	t.Helper()
	i := startOn(t, "netns", "run", tiny)
	time.Sleep(after) // the random moment is the point
	if err := i.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	footprint := i.footprint(t)
	i.cmd.Process.Signal(syscall.SIGKILL)
	i.cmd.Wait()
	t.Logf("killed after %v, with %d namespaces", after.Round(time.Millisecond), len(footprint))
	gone(t, footprint)
}

// tinyTakes is how long a run of tiny takes in namespaces, at the least.
const tinyTakes = 3500 * time.Millisecond

// TestKill9Anywhere: the kernel clears up, whatever the command was doing.
func TestKill9Anywhere(t *testing.T) {
	share(t, "netns", tinyLab)
	rnd := rand.New(rand.NewPCG(9, 9))
	killAnywhere(t, time.Duration(rnd.Int64N(int64(300*time.Millisecond)))) // coming up
	for range 2 {
		killAnywhere(t, time.Duration(rnd.Int64N(int64(tinyTakes))))
	}
}

// TestNothingOutsideIsTouched: while a lab runs in namespaces, the machine has
// the links, mounts and port range it had, and servers that are root can do
// little with it.
func TestNothingOutsideIsTouched(t *testing.T) {
	needs.Root(t)
	outside := func() string {
		ports, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
		if err != nil {
			t.Fatal(err)
		}
		links, err := net.Interfaces()
		if err != nil {
			t.Fatal(err)
		}
		s := string(ports)
		for _, l := range links {
			s += l.Name + "\n"
		}
		return s + strings.Join(labMounts(t), "\n")
	}
	before := outside()
	i := startOn(t, "netns", "run", tiny)
	i.waitForLoad(t, 3)
	if now := outside(); now != before {
		t.Errorf("before the run the machine had\n%s\nand now\n%s", before, now)
	}
	for server, want := range map[string]int{"nginx": 1 << 6, "httpd": 1<<6 | 1<<7} { // setgid, setuid
		b := filetest.Read(t, fmt.Sprintf("/proc/%d/status", i.find(t, server)))
		text, bound := string(b), fmt.Sprintf("CapBnd:\t%016x\n", want)
		if !strings.Contains(text, bound) || !strings.Contains(text, "NoNewPrivs:\t1\n") {
			t.Errorf("%s can do more than it needs:\n%s", server, text)
		}
	}
	footprint := i.footprint(t)
	// The child and the hosts have a network and mounts each, the child and the
	// servers a PID namespace each.
	if len(footprint) != 4+4+3 {
		t.Errorf("the run has the namespaces %v, want four each for networks and mounts and three for PIDs", footprint)
	}
	i.cmd.Process.Kill()
	i.cmd.Wait()
	gone(t, footprint)
}

// TestTwoRunsAtOnce: nothing in a lab has a name that another could have.
func TestTwoRunsAtOnce(t *testing.T) {
	share(t, "netns", manyLabs)
	a, b := startOn(t, "netns", "run", tiny), startOn(t, "netns", "run", tiny)
	a.waitForLoad(t, 1)
	b.waitForLoad(t, 1)
	a.cmd.Process.Signal(os.Interrupt) // one goes while the other stays
	a.wait(t, "130")
	b.wait(t, "0")
	if v := b.summary(t).Variants[0]; v.Verdict != "reproduced" {
		t.Errorf("the other run was disturbed: %s: %s", v.Verdict, v.Why)
	}
	b.nothingLeft(t)
}
