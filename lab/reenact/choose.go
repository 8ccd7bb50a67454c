package reenact

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/law"
)

// NothingError says that a report has nothing to re-enact.
type NothingError struct {
	msg   string
	Blind bool // because of what the caller may not see
}

func (e *NothingError) Error() string { return "nothing to save: " + e.msg }

// Case is what is re-enacted: a pair of source and destination, and those that share its
// load.
type Case struct {
	Kernel    string
	Namespace *diagnose.NamespaceReport
	Tuple     *diagnose.Tuple
	Assumed   []string // what one look cannot tell, a sentence each

	one                   law.Setup // of the pair
	sources, destinations int
	share                 float64       // of the requests that the pair gets
	hangs                 bool          // connections stay open and become more
	route                 *route        // nil: no configuration of nginx was read that leads there
	files                 []fileOfNginx // of that configuration
}

const (
	leastPerS    = 1.0  // connections: of fewer, a lab of seconds shows nothing
	leastLive    = 0.05 // of the tuples: fewer live connections decide nothing
	alike        = 0.25 // how far the rates of peers may be apart
	mostReplayed = 21   // destinations or sources: three times as many are what a lab has addresses for
)

// Choose takes the pair that is nearest to the end of its ports. The error is a
// *NothingError where no pair has a load that could be replayed.
func Choose(r *diagnose.Report) (*Case, error) {
	r = r.Whole()
	c := &Case{Kernel: r.Kernel}
	pairs, known := 0, 0
	for i := range r.Namespaces {
		n := &r.Namespaces[i]
		for j := range n.Tuples {
			t := &n.Tuples[j]
			pairs++
			if t.Tuples == nil || *t.Tuples == 0 {
				continue
			}
			known++
			if loadOf(t) >= leastPerS && (c.Tuple == nil || nearer(t, c.Tuple) < 0) {
				c.Namespace, c.Tuple = n, t
			}
		}
	}
	switch {
	case len(r.Namespaces) == 0:
		return nil, &NothingError{"no network namespace could be looked at", true}
	case pairs == 0:
		return nil, &NothingError{"there is no outgoing connection; look while the load is on", false}
	case known == 0:
		return nil, &NothingError{"how many ports there are is not known, as the namespace may not be entered; " +
			"look as root, or from inside it", true}
	case c.Tuple == nil:
		return nil, &NothingError{fmt.Sprintf("fewer than %g connection a second is closed here towards any "+
			"destination; look while the load is on", leastPerS), false}
	}
	c.fill(r)
	return c, nil
}

// states are diagnose's, the gravest first.
var states = []string{diagnose.Exhausted, diagnose.RunningOut, diagnose.Slow, diagnose.OK, diagnose.Unknown}

// nearer orders pairs by how near the end is.
func nearer(a, b *diagnose.Tuple) int {
	due := func(t *diagnose.Tuple) float64 {
		if t.FirstError99S == nil {
			return math.Inf(1)
		}
		return *t.FirstError99S
	}
	share := func(t *diagnose.Tuple) float64 { return float64(t.Taken) / float64(*t.Tuples) }
	return cmp.Or(cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State)),
		cmp.Compare(due(a), due(b)), cmp.Compare(share(b), share(a)))
}

// loadOf is how many connections a second come to hold a port.
func loadOf(t *diagnose.Tuple) float64 {
	per := t.Load().RatePerS
	if hanging(t) {
		per += *t.LivePerS
	}
	return per
}

// hanging says whether live connections become more faster than they are closed.
func hanging(t *diagnose.Tuple) bool {
	return t.LivePerS != nil && *t.LivePerS > t.Load().RatePerS && *t.LivePerS >= leastPerS
}

func (c *Case) assume(text string, args ...any) {
	c.Assumed = append(c.Assumed, fmt.Sprintf(text, args...))
}

// fill works out the load.
func (c *Case) fill(r *diagnose.Report) {
	t := c.Tuple
	c.one, c.hangs = t.Load(), hanging(t)
	c.one.Sources, c.one.Destinations, c.one.RatePerS = 1, 1, loadOf(t)
	if c.one.InFlight < leastLive*float64(*t.Tuples) {
		c.one.InFlight = 0
	}
	c.closers()
	c.find(r.Configured(c.Namespace))
	c.peers()
	switch {
	case c.hangs:
		c.assume("connections to the destination stay open and become more: " +
			"the lab's backend does not answer while the table fills")
	case c.one.InFlight > 0:
		c.assume("the %s live connections are requests under way, and no pool that stays: "+
			"the lab's backend takes its time for as many",
			format.Grouped(int(c.one.InFlight)))
	}
	if t.BindsFirst {
		c.assume("the program there binds before it connects, so that its destinations share one range, " +
			"and its error is 98; nginx in the lab only connects, to one destination: there, " +
			"more destinations would not help")
	}
	if t.State == diagnose.Exhausted {
		c.assume("the table is full, and connections that fail leave no trace: " +
			"the load may be higher than what was seen")
	}
	if t.TrendPerS2 != 0 {
		c.assume("the load stays as it is; there it changes by %+.2g a second each second", t.TrendPerS2)
	}
	if hold := t.HoldS; math.Abs(hold-c.lab().HoldTime().Seconds()) > 0.5 {
		c.assume("there a port is held for %s, and in the lab for %s", format.About(hold),
			format.About(c.lab().HoldTime().Seconds()))
	}
}

// lab is the pair under the laws of the lab's kernel, which is not told a vendor's length
// of TIME_WAIT.
func (c *Case) lab() law.Setup {
	s := c.one
	s.Hold = law.TimeWaitOf(s.HZ)
	return s
}

// closers says what is not known of who closes first.
func (c *Case) closers() {
	switch f := c.Tuple.CloseShare; {
	case c.hangs:
	case f == nil:
		c.assume("who closes first is not known, as the other end was not seen: only connections that leave a "+
			"TIME_WAIT at this end are replayed, %s a second; others hold no port for longer than they are open",
			format.Rough(c.one.RatePerS))
	case *f < 0.99:
		c.assume("the other end closes %s of the connections first; these hold no port, and are not replayed",
			format.Percent(1-*f))
	}
}

// peers counts the destinations that share the load, and the sources. Where nginx's
// configuration names them, it decides.
func (c *Case) peers() {
	c.sources, c.destinations, c.share = 1, 1, 1
	if c.route != nil {
		c.sources, c.destinations, c.share = c.route.shareOf(c.Tuple)
		return
	}
	for i := range c.Namespace.Tuples {
		x := &c.Namespace.Tuples[i]
		if x == c.Tuple || x.Tuples == nil || math.Abs(loadOf(x)-c.one.RatePerS) > alike*c.one.RatePerS {
			continue
		}
		switch {
		case x.Destination == c.Tuple.Destination:
			c.sources++
		case x.Source == c.Tuple.Source && sameService(x.Destination, c.Tuple.Destination):
			c.destinations++
		}
	}
	switch {
	case c.sources > mostReplayed || c.destinations > mostReplayed:
		c.assume("the load has %s and %s, of which one pair is replayed: the ports of each run out by themselves",
			format.Plural(c.sources, "source"), format.Plural(c.destinations, "destination"))
		c.sources, c.destinations = 1, 1
	case c.sources*c.destinations > 1:
		c.assume("%s and %s get about the same load from here, and are taken for those of one service",
			format.Plural(c.sources, "source"), format.Plural(c.destinations, "destination"))
	}
	c.share = 1 / float64(c.sources*c.destinations)
}

// sameService says whether two destinations may be replicas: one port, or one address.
func sameService(a, b string) bool {
	x, err1 := netip.ParseAddrPort(a)
	y, err2 := netip.ParseAddrPort(b)
	return err1 == nil && err2 == nil && (x.Port() == y.Port() || x.Addr() == y.Addr())
}

// program is the proxy of the namespace, by the name that is written down; "" for one that
// is not known, as other programs are not named.
func (c *Case) program() string {
	for _, p := range c.Namespace.Processes {
		name, _, _ := strings.Cut(p, " ")
		if diagnose.IsProxy(name) {
			return name
		}
	}
	return ""
}
