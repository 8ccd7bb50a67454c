package ownconf

import (
	"fmt"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios/haproxyconf"
)

// Backends are those of a HAProxy configuration that clients reach, or the one of a name.
// sure says that they do the same, so that it is all one which of them a request reaches:
// what HAProxy's rules make of a request is not followed.
func Backends(c *haproxyconf.Config, name string) (reached []*haproxyconf.Backend, sure bool) {
	for _, b := range c.Backends() {
		if name != "" && b.Name == name || name == "" && len(b.From) > 0 {
			reached = append(reached, b)
		}
	}
	differs := func(b *haproxyconf.Backend) bool {
		its, firsts := b.Laws(law.Setup{}), reached[0].Laws(law.Setup{})
		return its.Destinations != firsts.Destinations || its.HeaviestShare != firsts.HeaviestShare ||
			b.Conduct() != reached[0].Conduct()
	}
	return reached, len(reached) > 0 && !slices.ContainsFunc(reached, differs)
}

// OfHAProxy is what a backend tells.
func OfHAProxy(b *haproxyconf.Backend, base law.Setup) Told {
	t := Told{Case: TakesPorts, Setup: b.Laws(base)}
	lanes, heaviest := b.Lanes(), b.Heaviest()
	switch {
	case !b.Serves():
		t.Case = NoPeer
	case heaviest == nil:
		t.Case = NoPorts
	}
	t.fact("protocol", "%s", modeOf(b))
	if heaviest == nil {
		return t
	}
	t.lanes(b, lanes, *heaviest)
	if pooled, why := b.Pooled(); !pooled {
		t.fact("pool", "none: %s", why)
	} else if n, limited := b.Idle(); limited {
		t.fact("pool", "http-reuse %s, %s at most", b.Reuse, format.Plural(n, "idle connection"))
	} else {
		t.fact("pool", "http-reuse %s, without a limit", b.Reuse)
	}
	switch {
	case t.Setup.Conduct.Resets:
		t.fact("closes first", "HAProxy, by a reset: no TIME_WAIT is left, f = 0")
	default:
		t.fact("closes first", "the client, and HAProxy passes that on: f = 1")
		t.unknown("close-share", "which end closes first in TCP mode: the client counts as the one; "+
			"where the server is, f = 0")
	}
	t.fact("on a failure", "a request that finds no port makes %d connect(), each a line of the log", b.Tries())
	return t
}

func modeOf(b *haproxyconf.Backend) string {
	text := "mode " + b.Mode
	if b.ModeLine != nil {
		text += fmt.Sprintf(" (line %d)", b.ModeLine.Number)
	}
	if b.Mode != haproxyconf.ModeHTTP {
		return text + ": a session is a connection, so the rate is that of sessions"
	}
	return text
}

// lanes says which pairs of source and destination there are, and what is not known of them.
func (t *Told) lanes(b *haproxyconf.Backend, lanes []haproxyconf.Lane, heaviest haproxyconf.Lane) {
	var destinations, sources, names []string
	limit, limited := 0, true
	for _, l := range lanes {
		if !slices.Contains(destinations, l.Destination) {
			destinations = append(destinations, l.Destination)
		}
		if l.Source != "" && !slices.Contains(sources, l.Source) {
			sources = append(sources, l.Source)
		}
		for _, s := range l.Servers {
			if s.Named() && !slices.Contains(names, s.Host) {
				names = append(names, s.Host)
			}
		}
		limit, limited = limit+l.Limit, limited && l.Limit > 0
	}
	text := list(destinations)
	if t.Setup.HeaviestShare > 0 {
		t.Heavy = heaviest.Destination
		text += fmt.Sprintf("; %s gets %s of the requests, so its ports end first",
			t.Heavy, format.Percent(t.Setup.HeaviestShare))
	}
	t.fact("destinations", "%s", text)
	switch {
	case heaviest.Own > 0:
		t.fact("sources", "a list of %s (source), which HAProxy takes back at once",
			format.Plural(heaviest.Own, "port"))
		t.unknown("", "whether both ends use TCP timestamps: "+
			"without them no port of the list comes back before TIME_WAIT ends")
	case len(sources) > 0:
		t.fact("sources", "%s", list(sources))
	default:
		t.fact("sources", "1, which the kernel chooses")
	}
	if u := b.SourceOf(heaviest.Servers[0]).UseSrc; u != "" {
		t.unknown("sources", "how many source addresses there are (usesrc %s): "+
			"each client's has a full set of ports; they count as one", u)
	}
	if b.Dispatch != nil && heaviest.Servers[0].Host == "*" {
		t.unknown("destinations", "which addresses clients ask for (option transparent): "+
			"each has a full set of ports; they count as one")
	}
	if limited {
		t.fact("maxconn", "%s at once; what is more waits in HAProxy's queue", format.Plural(limit, "connection"))
	}
	if t.Setup.Loopback = heaviest.Servers[0].Loopback() && !t.Setup.NAT; t.Setup.Loopback {
		t.fact(Loopback, "Linux takes a port in TIME_WAIT again after a second there")
		t.unknown("", ReuseOfHost+": 2, the default since Linux 4.19; "+
			"with 0 a port on loopback stays taken for a minute as well")
	}
	if len(names) > 0 {
		t.unknown("destinations", "how many addresses %s has: "+
			"a name counts as one, and each address has a full set of ports", format.List(names))
	}
	for _, s := range b.Servers {
		if l := b.Pick(s); l != nil && !s.Unix {
			t.unknown("", "how many requests use-server (line %d) gives server %s: it counts as %s of them",
				l.Number, s.Name, format.Percent(b.Share(s)))
		}
	}
	even := []string{"roundrobin", "static-rr", "leastconn", "first", "random"}
	if len(destinations) > 1 && !slices.Contains(even, b.Balance) {
		t.unknown("", "how evenly balance %s spreads the requests: it counts as even", b.Balance)
	}
}
