package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/probe"
)

// onPorts gives the connections of a group ports: the live ones first, step apart from a
// port on.
func onPorts(g Group, from, step int) Group {
	for i := range g.live() {
		g.LivePorts = append(g.LivePorts, uint16(from+step*i))
	}
	for i := range g.RemainingMs {
		g.WaitPorts = append(g.WaitPorts, uint16(from+step*(g.live()+i)))
	}
	return g
}

// TestProgramsThatBindFirst: of 200 ports from 40000 on, connect() takes even ones first.
// 20 a second begin.
func TestProgramsThatBindFirst(t *testing.T) {
	const src = "10.0.0.5"
	to := func(dst string, live, waiting, from, step int) Group {
		return onPorts(group(src, dst, live, every(0.05, waiting)), from, step)
	}
	var few []Group // two connections each to 20 destinations
	for i := range 20 {
		few = append(few, to(fmt.Sprintf("10.0.0.9:%d", 80+i), 2, 0, 40001+4*i, 2))
	}
	past := func(dst string, from int) Group { // 50 of the one parity, and lately 20 of the other
		g := to(dst, 0, 70, from-39, 2)
		for i := range 20 {
			g.WaitPorts[i] = uint16(from + 2*i)
		}
		return g
	}
	old := slices.Repeat([]int32{9000}, 20)
	for _, c := range []struct {
		name   string
		groups []Group
		bound  int // destinations of the program that binds; 0: none does
		ports  int // it has
		others int // ports of connect()
	}{
		{"connect()", []Group{to("10.0.0.9:80", 20, 40, 40000, 2)}, 0, 0, 200},
		{"bind()", []Group{to("10.0.0.9:80", 20, 40, 40001, 2)}, 1, 200, 0},
		// Another program's 30 are of the same source, so bind() does without their ports, and it
		// without those of the 60.
		{"both", []Group{to("10.0.0.9:80", 20, 40, 40001, 2), to("10.0.0.9:81", 30, 0, 40000, 2)}, 1, 170, 140},
		{"few to each of many", few, 20, 200, 0},
		{"both parities, as with IP_LOCAL_PORT_RANGE", []Group{to("10.0.0.9:80", 20, 40, 40000, 1)}, 0, 0, 200},
		// More than half: those of one parity are used up, and no port is in use twice.
		{"bind(), past half", []Group{past("10.0.0.9:80", 40000), past("10.0.0.9:81", 40100)}, 2, 200, 0},
		{"connect(), past half", []Group{to("10.0.0.9:80", 190, 0, 40000, 1), to("10.0.0.9:81", 40, 0, 40000, 2)}, 0, 0, 200},
		// What is left of a load that had taken half: its ports of the other parity are old.
		{"left over", []Group{onPorts(group(src, "10.0.0.9:80", 0, old), 40001, 2)}, 0, 0, 200},
	} {
		n := ofTwenty("a", 1, c.groups...)
		n.Ports = &probe.Ports{Low: 40000, High: 40199, Usable: 200}
		r := conclude(t, n)
		bound, ports, others := 0, 0, 200
		for _, x := range r.Namespaces[0].Tuples {
			if x.BindsFirst {
				bound, ports = bound+x.destinations, *x.Tuples
			} else {
				others = *x.Tuples
			}
		}
		if bound == len(c.groups) {
			others = 0
		}
		if bound != c.bound || ports != c.ports || others != c.others {
			t.Errorf("%s: %d of the destinations bind, with %d ports; others have %d; want %d, %d and %d",
				c.name, bound, ports, others,
				c.bound, c.ports, c.others)
		}
		if said := textOf(r, "bind-first"); (said != "") != (c.bound > 0) {
			t.Errorf("%s: %q", c.name, said)
		}
	}
}

// TestBindFirstRunsOutForAllDestinations: 98 of 200 ports are taken, 20 more each second, by
// two destinations of which none is full; the error is another one, and tcp_tw_reuse no help.
func TestBindFirstRunsOutForAllDestinations(t *testing.T) {
	n := ofTwenty("a", 1,
		onPorts(group("10.0.0.5", "10.0.0.9:80", 0, every(0.1, 49)), 40001, 2),
		onPorts(group("10.0.0.5", "10.0.0.9:81", 0, every(0.1, 49)), 40101, 2))
	n.Sysctls["net.ipv4.tcp_tw_reuse"] = "1"
	n.Ports = &probe.Ports{Low: 40000, High: 40199, Usable: 200}
	r := conclude(t, n)
	x := r.Namespaces[0].Tuples[0]
	if !x.BindsFirst || x.Destination != everywhere || x.Taken != 98 || x.HoldS != 61 || x.State != RunningOut ||
		math.Abs(value(x.FirstError99S)-102.0/20) > 0.1 {
		t.Errorf("%+v, want both destinations together, full in about 5 s", x)
	}
	if _, has := x.Mitigations["tw-reuse"]; has || len(x.Mitigations) != 3 {
		t.Errorf("mitigations %v, want three", x.Mitigations)
	}
	if said := textOf(r, "running-out"); !strings.Contains(said, "error 98 is due") {
		t.Errorf("%q, want error 98", said)
	}
}

// textOf is what the first finding of an id says; "" if there is none.
func textOf(r *Report, id string) string {
	for _, f := range r.Findings {
		if f.ID == id {
			return f.Text
		}
	}
	return ""
}
