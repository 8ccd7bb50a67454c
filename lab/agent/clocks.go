package agent

import (
	"context"
	"time"

	"github.com/lab99/lab99/lab/clock"
)

// Clock is answered at once, with the agent's CLOCK_MONOTONIC.
type Clock struct{}

// ReadClock asks for the time some times over. The quickest answer was read within its
// round trip, which bounds the error by half of it: Cristian's algorithm.
func (c *Client) ReadClock(ctx context.Context, times int) (best clock.Reading, err error) {
	for i := range times {
		sent := clock.Mono()
		r, err := c.Call(ctx, Command{Clock: new(Clock)})
		received := clock.Mono()
		if err != nil {
			return best, err
		}
		if bound := (received - sent + 1) / 2; i == 0 || bound < best.Bound {
			middle := sent + (received-sent)/2
			best = clock.Reading{At: middle, Ahead: r.Clock - middle, Bound: bound}
		}
	}
	return best, nil
}

// PutBack takes from the times of all records that are still to come: an agent whose
// clock is ahead then speaks of the time that another's shows. ReadClock reads it as it is.
func (c *Client) PutBack(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = by.Nanoseconds()
}

// putBack changes the moments of a record. c.mu is held.
func (c *Client) putBack(r *Record) {
	r.Mono -= c.ahead
	if r.Started != nil {
		r.Started.StartNs -= c.ahead
	}
	if d := r.LoadDone; d != nil {
		d.StartNs -= c.ahead
		d.EndNs -= c.ahead
		if d.FirstError != nil {
			*d.FirstError -= c.ahead
		}
	}
	if r.Observed != nil {
		for i := range r.Observed.Changes {
			r.Observed.Changes[i].Mono -= c.ahead
		}
	}
}
