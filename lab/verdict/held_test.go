package verdict

import (
	"math"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// heldRun is 5 s of 50 connections a second, held for a second each, at whose end some of
// the upstream connections are open and the others are closed.
func heldRun(clientCloses bool, open, waits int64) *Measured {
	s := law.Setup{
		Ports:    500,
		RatePerS: 50,
		Duration: 5 * time.Second,
	}.Holding(time.Second, true, clientCloses).Complete()
	look := func(t float64, opened, open, waits int64) results.Sample {
		return results.Sample{Host: results.HostProxy, T: t, Net: &results.Net{
			Sockets: []results.Sockets{
				{Dst: "198.18.0.3:80", State: "established", N: open}, {Dst: "198.18.0.3:80", State: "time-wait", N: waits},
			},
			// Those of the clients' side are in the namespace too, and take no port.
			TimeWait: 2 * opened, Counters: map[string]int64{"active_opens": opened, "time_wait_created": 2 * opened},
		}}
	}
	m := &Measured{
		Laws: s, Plan: results.VariantPlan{Predicted: law.Predict(s)},
		Totals: &results.Totals{EndNs: 5e9},
		// The drain ends what is left, and is no part of the load.
		Samples: []results.Sample{look(0, 0, 0, 0), look(4.9, 245, open, waits), look(6.2, 250, 0, 250)},
	}
	m.Proxy = m.Samples[2].Net
	return m
}

func TestWhoClosedHeldConnections(t *testing.T) {
	for _, tt := range []struct {
		name         string
		clientCloses bool
		open, waits  int64
		want         float64
	}{
		{"the client did", true, 50, 195, 1},
		{"the backend did", false, 50, 0, 0},
		{"a tenth of them nginx itself", false, 45, 20, 0.1},
	} {
		f := heldRun(tt.clientCloses, tt.open, tt.waits).closeShare()
		if f == nil || math.Abs(*f-tt.want) > 1e-9 {
			t.Errorf("%s: f is %v, want %v", tt.name, f, tt.want)
		}
	}
	if f := heldRun(true, 240, 5).closeShare(); f != nil {
		t.Errorf("of five connections f is %v", *f)
	}
	long := heldRun(true, 50, 195)
	long.Plan.Predicted.HoldS = 1
	if f := long.closeShare(); f != nil {
		t.Errorf("TIME_WAITs have ended, and f is %v", *f)
	}
}

// TestShorterThanAConnectionLasts: none has ended, so that nothing says whether the ports
// suffice.
func TestShorterThanAConnectionLasts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		lasts   time.Duration
		fixed   bool
		closes  bool // the client does
		verdict string
	}{
		{"30 s, by the server", 30 * time.Second, true, false, law.Inconclusive},
		{"30 s, by the client", 30 * time.Second, true, true, law.Inconclusive},
		{"30 s on average", 30 * time.Second, false, false, law.Inconclusive},
		{"6 s, of which there will be 300 on 500 tuples", 6 * time.Second, true, false, law.Mitigated},
		{"a second", time.Second, true, false, law.Mitigated},
	} {
		m := heldRun(tt.closes, 245, 0)
		m.Laws = law.Setup{
			Ports:    500,
			RatePerS: 50,
			Duration: 5 * time.Second,
		}.Holding(tt.lasts, tt.fixed, tt.closes).Complete()
		m.Plan.Predicted = law.Predict(m.Laws)
		end, none, rho := 5.0, int64(0), 0.0
		v := results.Variant{LoadEndS: &end, RhoSteady: &rho}
		sent := int64(250)
		v.Sent, v.Failed, v.Dropped, v.Unfinished = &sent, &none, &none, &none
		if got, why := m.holding(&v); got != tt.verdict {
			t.Errorf("%s: %s (%s), want %s", tt.name, got, why, tt.verdict)
		}
	}
}
