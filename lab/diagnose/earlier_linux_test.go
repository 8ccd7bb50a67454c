package diagnose

import (
	"testing"

	"github.com/lab99/lab99/internal/needs"
)

// TestBoundsHoldForARealLoad: who closes first is known from both ends, and one of them is
// then taken away.
func TestBoundsHoldForARealLoad(t *testing.T) {
	needs.Root(t)
	l := load{Low: 20000, High: 21999, Addresses: []string{"10.1.0.1/32", "10.1.0.2/32"}, Sources: []string{"10.1.0.1"},
		To: []target{{To: "10.1.0.2:80"}}, PerS: 300, HoldS: 0.2, Other: 0.6, ForS: 2, AtS: []float64{0.5, 1.5}, Seed: seed,
		Sysctls: map[string]string{"net.ipv4.tcp_tw_reuse": "0"}}
	child := l.start(t)
	var looks []*Snapshot
	for range 2 {
		<-child.told
		s, err := Look(t.Context(), Target{PID: child.cmd.Process.Pid})
		if err != nil {
			t.Fatal(err)
		}
		looks = append(looks, s)
	}
	before, now := &looks[0].Namespaces[0], &looks[1].Namespaces[0]
	here := betweenLooks(before, now).changes(&rivals{
		Group: now.Outgoing[0],
		parts: []*Group{&now.Outgoing[0]},
	}).closedHere
	there := 0
	for _, ms := range now.Incoming[0].RemainingMs {
		if 60-float64(ms)/1000 < now.SeenS-before.SeenS {
			there++
		}
	}
	f := float64(here) / float64(here+there)
	for _, s := range looks { // as if the other end was on another host
		s.Namespaces[0].Incoming, s.Namespaces[0].Listening = nil, nil
	}
	x := Conclude(looks[1], Options{Horizon: 60e9, Before: looks[0]}).Namespaces[0].Tuples[0]
	if x.CloseShare != nil || x.CloseShareMax == nil || f < *x.CloseShareMin-0.03 || f > *x.CloseShareMax+0.03 ||
		here+there < 100 {
		t.Errorf("f = %.3f of %d, and is said to be %v to %v",
			f, here+there, value(x.CloseShareMin), value(x.CloseShareMax))
	}
	// A fifth of the connections of a second are live at a look, so the bounds are not wide.
	t.Logf("f = %.3f of %d, said to be %.3f to %.3f", f, here+there, value(x.CloseShareMin), value(x.CloseShareMax))
}
