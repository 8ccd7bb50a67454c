package lab

import (
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/results"
)

// TestClocksAreWatched: a proxy whose clock is five seconds ahead speaks of the load host's
// time, and env.json says how well that is known.
func TestClocksAreWatched(t *testing.T) {
	const ahead = 5 * time.Second
	var loaded atomic.Bool // from then on the proxy takes samples
	d := &fakeDriver{clocks: true, on: func(_ *fakeLab, host string, c agent.Command) []agent.Record {
		now := clock.Mono()
		if host == results.HostProxy {
			now += ahead.Nanoseconds()
		}
		switch {
		case c.Inspect != nil: // a lab has come up
			loaded.Store(false)
		case c.Clock != nil && host == results.HostProxy && loaded.Load():
			return []agent.Record{{Mono: now, Net: new(results.Net)}, {Re: c.ID, Clock: now}}
		case c.Clock != nil:
			return []agent.Record{{Re: c.ID, Clock: now}}
		case c.Load != nil:
			loaded.Store(true)
			begun := agent.Record{Mono: now, Started: &agent.Started{StartNs: now}}
			return []agent.Record{begun, loadDone(c, 10)}
		}
		return nil
	}}
	out, err := runFake(t, t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(out.Dir)
	if err != nil {
		t.Fatal(err)
	}
	clocks := run.Env.Variants[0].Clocks
	if len(clocks) != 2 {
		t.Fatalf("%d clocks, want the proxy's and the backend's: %+v", len(clocks), clocks)
	}
	for host, want := range map[string]float64{results.HostProxy: ahead.Seconds(), results.HostBackend: 0} {
		if c := clocks[host]; c.BoundS <= 0 || math.Abs(c.AheadS-want) > c.BoundS || c.Readings < 2 {
			t.Errorf("%s: %+v, want %g s ahead", host, c, want)
		}
	}
	if got := run.Plan.Variants[0].Setup.ClockBound; got != 0 {
		t.Errorf("the plan knows of clocks: %v", got)
	}
	if len(run.Variants) != 1 || len(run.Variants[0].Samples) == 0 {
		t.Fatal("there are no samples")
	}
	for _, s := range run.Variants[0].Samples {
		if math.Abs(s.T) > 1 {
			t.Errorf("a sample of %s is at %g s", s.Host, s.T)
		}
	}
}
