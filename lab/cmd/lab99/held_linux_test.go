package main

import "testing"

// TestHeldConnections: a real nginx passes them on as stream and as websockets, runs out of
// ports by who closes first, or by what is open, and the log of stream says so.
func TestHeldConnections(t *testing.T) {
	share(t, "netns", manyLabs)
	i := ran(t, "netns", "run", "testdata/held.yaml", "--parallel", "2")
	i.nothingLeft(t)
	s := i.summary(t)
	for _, tt := range []struct {
		name        string
		first       float64 // 0: never
		peak, ok    int64   // 1 more is a matter of moments
		logged, f   bool    // error 99, and a TIME_WAIT of nginx's for each that was closed
		established bool    // whether those alone hold all ports
	}{
		{name: "client-closes", first: 2, peak: 15, ok: 60, logged: true, f: true},
		{name: "server-closes", peak: 15, ok: 120},
		{name: "websocket", first: 2, peak: 60, ok: 75, logged: true, established: true},
	} {
		v := s.Variant(tt.name)
		switch {
		case v == nil || v.Held == nil || v.OK == nil || v.NginxLog == nil:
			t.Fatalf("%s: nothing was measured: %+v", tt.name, v)
		case (v.FirstError != nil) != (tt.first > 0) || v.FirstError != nil && (*v.FirstError < 1.95 || *v.FirstError > 2.05):
			t.Errorf("%s: the first error 99 came after %s, want %g s", tt.name, orNone(v.FirstError), tt.first)
		case v.Held.Peak < tt.peak-1 || v.Held.Peak > tt.peak+3 || *v.OK < tt.ok-1 || *v.OK > tt.ok+2:
			t.Errorf("%s: %d at once, %d in all, want %d and %d", tt.name, v.Held.Peak, *v.OK, tt.peak, tt.ok)
		case v.NginxLog.Error99 != v.Errors.Error99 || tt.logged != (v.NginxLog.Error99 > 0):
			t.Errorf("%s: %d lines of error 99 for %d refused", tt.name, v.NginxLog.Error99, v.Errors.Error99)
		case v.CloseShare != nil && (*v.CloseShare > 0.5) != tt.f:
			t.Errorf("%s: f = %.2f", tt.name, *v.CloseShare)
		case tt.established && (*v.TimeWait.ProxyPeak != 0 || *v.Ports.PeakUsed != 60):
			t.Errorf("%s: %d ports were taken, %d by TIME_WAIT", tt.name, *v.Ports.PeakUsed, *v.TimeWait.ProxyPeak)
		}
	}
}
