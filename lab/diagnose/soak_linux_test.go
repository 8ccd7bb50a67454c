//go:build soak

package diagnose

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// TestSoakForecast draws twelve times as many situations as TestForecast, with other
// ports, rates and moments.
func TestSoakForecast(t *testing.T) {
	needs.Root(t)
	for seed := uint64(1); seed <= 12; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { forecasts(t, seed) })
	}
}

// TestSoakManyNamespaces: 30,000 TIME_WAITs in 50 namespaces are seen in one look. Most of
// the time is the kernel's, whose dump goes through one table for all namespaces.
func TestSoakManyNamespaces(t *testing.T) {
	needs.Root(t)
	const namespaces, each = 50, 600
	var all []*running
	for range namespaces {
		l := load{Low: 20000, High: 21999, Addresses: []string{"10.3.0.1/32", "10.3.0.2/32"}, Sources: []string{"10.3.0.1"},
			To: []target{{To: "10.3.0.2:80"}}, PerS: 300, ForS: float64(each+1) / 300, AtTaken: []int{each},
			Sysctls: map[string]string{"net.ipv4.tcp_tw_reuse": "0"}}
		all = append(all, l.start(t))
	}
	for i, r := range all {
		if told, ok := <-r.told; !ok || told.Look != 1 {
			t.Fatalf("load %d did not begin: %+v", i, told)
		}
	}
	var before, after unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &before)
	began := time.Now()
	s, err := Look(t.Context(), Target{})
	if err != nil {
		t.Fatal(err)
	}
	r := Conclude(s, Options{Horizon: time.Minute, Top: 10})
	took := time.Since(began)
	unix.Getrusage(unix.RUSAGE_SELF, &after)
	user := time.Duration(after.Utime.Nano() - before.Utime.Nano())
	system := time.Duration(after.Stime.Nano() - before.Stime.Nano())
	seen, waiting := 0, 0
	for _, n := range s.Namespaces {
		for _, g := range n.Outgoing {
			if g.Remote.String() == "10.3.0.2:80" {
				seen++
				waiting += g.States[results.StateTimeWait]
			}
		}
	}
	t.Logf("%d TIME_WAITs in %d namespaces: %v, %v user, %v system, %.1f MiB at the most",
		waiting, seen, took, user, system, float64(after.Maxrss)/1024)
	if seen != namespaces || waiting < namespaces*each*9/10 { // some may have ended
		t.Errorf("%d TIME_WAITs in %d namespaces are seen, want %d in %d", waiting, seen, namespaces*each, namespaces)
	}
	if len(r.Namespaces) < namespaces || user > 500*time.Millisecond {
		t.Errorf("%d namespaces reported, %v of processor time in the program", len(r.Namespaces), user)
	}
}
