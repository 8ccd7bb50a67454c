package lab

import (
	"context"
	"time"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
)

const (
	carefully = 20 // times that a clock is read for one quick answer, before and after the load
	hastily   = 5  // and while it is under way
	// clockEvery leaves a clock that loses 100 millionths 0.2 ms behind.
	clockEvery = 2 * time.Second
)

// watch follows the clocks of hosts that may each have their own, and has the agents speak of
// the load host's time.
type watch struct {
	h      *hosts
	tracks map[string]*clock.Track  // of the hosts beside the load's
	first  map[string]clock.Reading // of each host, by this process's clock
}

// watchClocks makes the first reading. It returns nil where there is one clock.
func (x *variantRun) watchClocks(ctx context.Context, h *hosts) (*watch, error) {
	if !x.o.Driver.Machine().Clocks {
		return nil, nil
	}
	w := &watch{h: h, tracks: map[string]*clock.Track{results.HostProxy: {}, results.HostBackend: {}}}
	for _, host := range driver.LoadHosts(x.v.Load.Pods)[1:] {
		w.tracks[host] = new(clock.Track)
	}
	var err error
	w.first, err = w.read(ctx, carefully)
	return w, err
}

// read reads each clock so many times.
func (w *watch) read(ctx context.Context, times int) (all map[string]clock.Reading, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	load, err := w.h.Agent(results.HostLoad).ReadClock(ctx, times)
	if err != nil {
		return nil, err
	}
	all = map[string]clock.Reading{results.HostLoad: load}
	for host, t := range w.tracks {
		a := w.h.Agent(host)
		r, err := a.ReadClock(ctx, times)
		if err != nil {
			return nil, err
		}
		all[host] = r
		a.PutBack(time.Duration(t.Add(r.Against(load))))
	}
	return all, nil
}

// ahead is what a host's clock was ahead of this process's at the first reading.
func (w *watch) ahead(host string) int64 {
	if w == nil {
		return 0
	}
	return w.first[host].Ahead
}

// during goes on reading until stop, and then has the last word.
func (w *watch) during(ctx context.Context) (stop func() error) {
	if w == nil {
		return func() error { return nil }
	}
	over, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	crash.Go(func() {
		defer close(ended)
		for {
			select {
			case <-over.Done():
				return
			case <-time.After(clockEvery):
				w.read(over, hastily) // who does not answer is found out elsewhere
			}
		}
	})
	return func() error {
		end()
		<-ended
		_, err := w.read(ctx, carefully)
		return err
	}
}

// estimates are what the clocks came to; nil where there is one.
func (w *watch) estimates() map[string]results.Clock {
	if w == nil {
		return nil
	}
	all := map[string]results.Clock{}
	for host, t := range w.tracks {
		e := t.Estimate()
		all[host] = results.Clock{
			AheadS: float64(e.Ahead) / 1e9, DriftPPM: 1e6 * e.Drift, DriftBoundPPM: 1e6 * e.DriftOff,
			BoundS: float64(e.Bound) / 1e9, Readings: e.Readings,
		}
	}
	return all
}

// clockBoundOf is how far a moment of any host may be off.
func clockBoundOf(clocks map[string]results.Clock) (most time.Duration) {
	for _, c := range clocks {
		most = max(most, time.Duration(c.BoundS*float64(time.Second)))
	}
	return most
}
