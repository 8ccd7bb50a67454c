package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/results"
)

// TestLateCloseAndBystander: with a backend that does not close, nginx's
// tuples are held in FIN_WAIT2, exactly as many as there are ports, and none
// gets to TIME_WAIT. Another program beside nginx fails from the same moment
// on, where it goes to the same backend or binds first, and nowhere else; and
// its connections are not taken for nginx's.
func TestLateCloseAndBystander(t *testing.T) {
	share(t, "netns", tinyLab)
	i := ran(t, "netns", "run", "testdata/late-close.yaml")
	v := i.summary(t).Variants[0]
	const ports = 100
	if *v.OK != ports || *v.NewConns != ports {
		t.Errorf("%d requests succeeded over %d connections, want %d of both", *v.OK, *v.NewConns, ports)
	}
	run, err := results.Open(i.dir(t))
	if err != nil {
		t.Fatal(err)
	}
	peak, timeWait := int64(0), int64(0)
	for _, s := range run.Variants[0].Samples {
		if s.Host == results.HostProxy && s.Net != nil && s.Net.Sockets != nil {
			peak = max(peak, s.Net.Count("fin-wait-2"))
			timeWait = max(timeWait, s.Net.Count("time-wait"))
		}
	}
	if peak != ports || timeWait != 0 {
		t.Errorf("at most %d sockets in FIN_WAIT2 and %d in TIME_WAIT, want %d and none (%s)",
			peak, timeWait, ports, filepath.Base(i.dir(t)))
	}
	b := v.Bystander
	if b == nil {
		t.Fatal("no bystander in the summary")
	}
	if b.Elsewhere.Tried < 20 || b.Elsewhere.Failed != 0 {
		t.Errorf("elsewhere: %+v, want 20 tries or more and no failure", b.Elsewhere)
	}
	for name, k := range map[string]struct {
		got   results.Tries
		errno string
	}{"backend": {b.Backend, "EADDRNOTAVAIL"}, "bind": {b.Bind, "EADDRINUSE"}} {
		// Its tries are 100 ms apart; nginx's last port may go to a try of
		// its own a moment before nginx itself fails.
		if k.got.Errno != k.errno || math.Abs(*k.got.FirstFailureS-*v.FirstError) > 0.25 {
			t.Errorf("%s: %+v, want %s from %.2f s on", name, k.got, k.errno, *v.FirstError)
		}
	}
}
