package diagnose

import (
	"math"

	"github.com/lab99/lab99/results"
)

// of is the same namespace in an earlier snapshot.
func (s *Snapshot) of(n *Namespace) *Namespace {
	if s == nil {
		return nil
	}
	for i := range s.Namespaces {
		if x := &s.Namespaces[i]; x.Inode == n.Inode && x.Name == n.Name {
			return x
		}
	}
	return nil
}

// configured is the configuration of a process as it was read then; nil: it was not.
func (n *Namespace) configured(program string, pid int) *Configured {
	if n == nil {
		return nil
	}
	for i := range n.Configured {
		if c := &n.Configured[i]; c.Program == program && c.PID == pid {
			return c
		}
	}
	return nil
}

// between is what two looks at a namespace tell together; nil if there was one.
type between struct {
	seconds float64
	timer   float64 // of a TIME_WAIT, in seconds
	then    map[pair]*Group
	begun   float64 // connections that the namespace has begun meanwhile, at the most; NaN: unknown
	seen    int     // of those, how many have left a trace

	wasLive, wasWaiting, accounted portSet // of one group after the other; empty in between
}

// activeOpens counts calls of connect() that sent a SYN, for whatever destination.
const activeOpens = "active_opens"

func betweenLooks(before, now *Namespace) *between {
	if before == nil || now.SeenS <= before.SeenS {
		return nil
	}
	b := &between{
		seconds: now.SeenS - before.SeenS, timer: now.timer().Seconds(), then: map[pair]*Group{}, begun: math.NaN(),
	}
	for i := range before.Outgoing {
		g := &before.Outgoing[i]
		b.then[pair{g.Local, g.Remote}] = g
	}
	for i := range now.Outgoing {
		g := &now.Outgoing[i]
		b.seen += b.changes(&rivals{Group: *g, parts: []*Group{g}}).seen()
	}
	if is, has := now.Counters[activeOpens]; has && before.Begun != nil && is >= *before.Begun {
		b.begun = float64(is - *before.Begun)
	}
	return b
}

// of is rivals as they were then; empty if none of them was there.
func (b *between) of(r *rivals) *Group {
	if len(r.parts) == 1 {
		if g := b.then[pair{r.Local, r.Remote}]; g != nil && !r.bindsFirst {
			return g
		}
	}
	then := rivals{Group: Group{States: map[string]int{}}}
	for _, part := range r.parts {
		if g := b.then[pair{part.Local, part.Remote}]; g != nil {
			then.join(g)
		}
	}
	return &then.Group
}

// changes are what became of the connections of rivals between two looks.
type changes struct {
	seconds     float64
	was, is     int // live connections
	came        int // live now and not then
	closedHere  int // by this end: their TIME_WAITs have begun
	short       int // of those, how many were not live then
	closedThere int // live then, and nothing is left of them: the other end has closed, or a reset has

	begunAtMost float64 // connections; NaN: unknown
}

// seen is how many of the connections that began between the looks have left a trace.
func (c changes) seen() int { return c.came + c.short }

// since is what became of rivals; nil if there was one look.
func (b *between) since(r *rivals) *changes {
	if b == nil {
		return nil
	}
	c := b.changes(r)
	c.begunAtMost = max(b.begun-float64(b.seen-c.seen()), float64(c.seen()))
	return &c
}

func (b *between) changes(r *rivals) changes {
	then := b.of(r)
	c := changes{seconds: b.seconds, was: len(then.LivePorts), is: len(r.LivePorts), begunAtMost: math.NaN()}
	b.wasLive.put(then.LivePorts)
	b.wasWaiting.put(then.WaitPorts)
	b.accounted.put(r.LivePorts)
	defer func() {
		b.wasLive.drop(then.LivePorts)
		b.wasWaiting.drop(then.WaitPorts)
		b.accounted.drop(r.LivePorts)
		b.accounted.drop(r.WaitPorts)
	}()
	for _, port := range r.LivePorts {
		if !b.wasLive.has(port) {
			c.came++
		}
	}
	for i, port := range r.WaitPorts[:min(len(r.WaitPorts), len(r.RemainingMs))] {
		age := b.timer - float64(r.RemainingMs[i])/1000
		if b.wasWaiting.has(port) && age >= b.seconds { // it may be another one on the same port
			continue
		}
		b.accounted.put(r.WaitPorts[i : i+1])
		c.closedHere++
		if !b.wasLive.has(port) {
			c.short++
		}
	}
	for _, port := range then.LivePorts {
		if !b.accounted.has(port) {
			c.closedThere++
		}
	}
	c.closedThere = max(0, c.closedThere-then.States[results.StateSynSent]) // those may never have been open
	return c
}

// livePerS is how many more live connections there are each second. Where as many come
// as go, the difference is chance: of a that came and b that went it has the deviation
// √(a+b), and three of those count as more.
func (c *changes) livePerS() *float64 {
	if c == nil {
		return nil
	}
	went := c.was - (c.is - c.came)
	more := float64(c.came - went)
	if c.came+went < leastEvents || more < 3*math.Sqrt(float64(c.came+went)) {
		more = 0
	}
	more /= c.seconds
	return &more
}

// closeShare bounds f between the two looks. What was closed here has left a TIME_WAIT. Of
// what was closed at the other end, connections that were live at the first look are
// missed, which gives the upper bound; those that came and went between the looks are
// not, and no more than the namespace has begun, which gives the lower one. nil: too few
// have ended to say.
func (c *changes) closeShare() (least, most *float64) {
	if c == nil || c.closedHere+c.closedThere < leastEvents {
		return nil, nil
	}
	here := float64(c.closedHere)
	seen := here + float64(c.closedThere)
	low, high := 0.0, here/seen
	if ended := float64(c.was-c.is) + c.begunAtMost; !math.IsNaN(ended) {
		low = here / max(ended, seen)
	}
	return &low, &high
}
