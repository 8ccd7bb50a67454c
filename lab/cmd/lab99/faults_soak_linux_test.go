//go:build soak

package main

import (
	"fmt"
	"testing"
	"time"
)

// engineFaults are those of testdata/faults-engine.yaml: a limit of a container
// starves a server and no other lab, and an engine's lab takes long enough to come
// up to change the load host in the meantime.
var engineFaults = []fault{
	{"undisturbed", false, nil, "error 99 came after 1.0"},
	{"nginx-starved", false, func(t *testing.T, v victims) { v.starve(t, "proxy-proxy") },
		"nginx was ready to run and had no processor for"},
	{"generator-starved", false, func(t *testing.T, v victims) { v.starve(t, "load-tether") }, "more than 10 ms late"},
	{"generator-ports", true, func(t *testing.T, v victims) {
		within(t, v.agent(t, "load"), "echo 20000 20007 >/proc/sys/net/ipv4/ip_local_port_range")
	}, "the load generator hit its own limit: the generator itself ran out of source ports"},
	{"generator-files", true, func(t *testing.T, v victims) {
		command(t, "prlimit", "--pid", fmt.Sprint(v.agent(t, "load")), "--nofile=18:18")
	}, "the load generator hit its own limit: the generator itself ran out of file descriptors"},
}

// TestSoakEveryFaultOfAnEngine causes them all for real.
func TestSoakEveryFaultOfAnEngine(t *testing.T) {
	named(t, "docker", "testdata/faults-engine.yaml", engineFaults)
}

// starve leaves a container one hundredth of a processor for a while.
func (v victims) starve(t *testing.T, container string) {
	t.Helper()
	id := v.container(t, container)
	docker(t, "update", "--cpu-period", "100000", "--cpu-quota", "1000", id)
	time.Sleep(1200 * time.Millisecond)
	docker(t, "update", "--cpu-quota", "-1", id)
}
