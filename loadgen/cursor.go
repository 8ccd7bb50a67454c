package loadgen

// cursor walks the part of a schedule that falls to one loop: every stride-th
// request. Two cursors on one schedule, one at the next request to send and one
// at the next to fall due, hold any backlog between them.
type cursor struct {
	profile Profile
	jitter  *arrivals // nil: requests are due exactly at their count
	next    int64     // index of the request due is for
	stride  int64
	origin  int64 // t = 0
	due     int64 // CLOCK_MONOTONIC; Never at the end
}

func newCursor(p Profile, loop, loops int, origin int64) cursor {
	c := cursor{profile: p, next: int64(loop), stride: int64(loops), origin: origin}
	if q, ok := p.(*poisson); ok {
		c.profile, c.jitter = q.Profile, newArrivals(q.seed)
		c.jitter.skip(c.next + 1)
	}
	c.look()
	return c
}

// advance moves to the next request of this loop.
func (c *cursor) advance() { c.skip(c.stride) }

func (c *cursor) skip(n int64) {
	c.next += n
	if c.jitter != nil {
		c.jitter.skip(n)
	}
	c.look()
}

func (c *cursor) look() {
	n := float64(c.next)
	if c.jitter != nil {
		n = c.jitter.at
	}
	if c.due = c.profile.When(n); c.due != Never {
		c.due += c.origin
	}
}
