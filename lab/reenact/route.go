package reenact

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/ownconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// route is the way through nginx's configuration that leads to the destination.
type route struct {
	*nginxconf.Route
	config  *nginxconf.Config
	release string // of nginx; "": unknown
	workers int    // 0: one for each processor
	named   string // the destination as the file has it, where that is a name; ""
}

// find looks for the route to the destination in the configurations of a namespace.
func (c *Case) find(all []diagnose.Configured) {
	var named, exact []*route
	for _, x := range all {
		config := x.Report.Config()
		if config == nil {
			continue
		}
		release, said := nginxconf.Release{}, ""
		if v := x.Report.Nginx; v != nil {
			said = *v
			release, _ = nginxconf.ParseRelease(said) // which lint has parsed before
		}
		workers, _ := ownconf.Workers(config)
		for _, r := range config.Routes(release) {
			if !r.Ports() || r.Protocol != nginxconf.HTTP && r.Protocol != nginxconf.HTTPS {
				continue
			}
			for _, s := range r.Shares() {
				to := &route{Route: r, config: config, release: said, workers: workers}
				switch {
				case s.Destination == c.Tuple.Destination:
					exact = append(exact, to)
				case s.Named && portOf(s.Destination) == portOf(c.Tuple.Destination):
					to.named = s.Destination
					named = append(named, to)
				}
			}
		}
	}
	switch {
	case len(exact) > 0:
		c.route = best(exact)
	case len(named) > 0 && one(named):
		c.route = best(named)
		c.assume("the name in nginx's configuration is taken for the destination, as its port is the same")
	case len(all) > 0:
		c.assume("no route of nginx's configuration leads to the destination by its address, " +
			"so the lab's own configuration stands in")
		return
	default:
		return
	}
	if s, d := len(c.route.binds()), len(c.route.peers()); s > mostReplayed || d > mostReplayed {
		c.assume("nginx's configuration has %s and %s, more than the lab has addresses for, "+
			"so the lab's own configuration stands in",
			format.Plural(d, "server"), format.Plural(s, "source"))
		c.route = nil
		return
	}
	c.files = filesOf(c.route.config)
	if p := c.route.Pool; p.State == nginxconf.PoolWorks {
		c.assume("nginx's configuration has a pool that works, and still connections are closed: "+
			"how many requests came on each is not known, so the baseline has no pool, "+
			"and one connection for each request; keepalive.conf has one of %d",
			p.Size)
	}
	if c.route.ClosesFirst == nginxconf.ClosedInRace {
		c.assume("nginx's configuration leaves open who closes first; in the lab nginx always does (HTTP/1.1, " +
			"no Connection header), at the rate of the connections that it closed first there")
	}
}

// best is the route with the least of a pool: its requests make the connections.
func best(all []*route) *route {
	return slices.MinFunc(all, func(a, b *route) int {
		works := func(r *route) int {
			if r.Pool.State == nginxconf.PoolWorks {
				return 1
			}
			return 0
		}
		return works(a) - works(b)
	})
}

// one says whether routes pass to the same group or host.
func one(all []*route) bool {
	return !slices.ContainsFunc(all, func(r *route) bool { return r.Target != all[0].Target })
}

func portOf(destination string) string {
	return destination[strings.LastIndexByte(destination, ':')+1:]
}

// shareOf is how many sources and destinations the route has, and the share of its
// requests that a pair gets.
func (r *route) shareOf(t *diagnose.Tuple) (sources, destinations int, share float64) {
	total, mine := 0.0, 0.0
	for _, s := range r.Shares() {
		if s.Unix {
			continue
		}
		destinations++
		total += s.Share
		if s.Destination == t.Destination || s.Destination == r.named {
			mine += s.Share
		}
	}
	sources = len(r.binds())
	share = mine / total
	for _, b := range r.binds() {
		if b.address == t.Source {
			return sources, destinations, share * b.share
		}
	}
	return sources, destinations, share / float64(sources)
}

// bind is a source address of nginx, with its share of the requests.
type bind struct {
	address string
	share   float64
}

// binds are the sources; one where the kernel chooses, or nobody can tell.
func (r *route) binds() (all []bind) {
	b := r.Bind
	if b.Directive == nil || !b.Known || b.Transparent || len(b.Addresses) < 2 {
		return []bind{{share: 1}}
	}
	told := len(b.Shares) == len(b.Addresses) &&
		!slices.ContainsFunc(b.Shares, func(s float64) bool { return !(s > 0 && s < 1) })
	for i, a := range b.Addresses {
		share := 1 / float64(len(b.Addresses))
		if told {
			share = b.Shares[i]
		}
		if addr, err := netip.ParseAddr(strings.Trim(a, "[]")); err == nil {
			a = addr.String()
		}
		all = append(all, bind{a, share})
	}
	return all
}

// poolSize is what the variant about a pool keeps: that of the file, and never less than
// the lab's scenarios do.
func (c *Case) poolSize(s size) int {
	const usual, enough = 20, 8192
	k := max(usual, int(2*s.Laws.InFlight))
	if c.route != nil {
		k = max(k, c.route.Pool.Size)
	}
	return min(k, enough)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) }
