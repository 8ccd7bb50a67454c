package diagnose

import (
	"math"
	"net/netip"
	"slices"
)

// The kernel does not show who chose the port of a connection, but a program that binds
// before it connects leaves a trace. Within a range connect() takes the ports of the low
// end's parity first, and bind() to port 0 those of the other parity
// (__inet_hash_connect, net/ipv4/inet_hashtables.c, and inet_csk_find_open_port,
// net/ipv4/inet_connection_sock.c, since Linux 4.2). So connections on ports of the other
// parity, while those of the first are free, are of a program that bound first, and
// without IP_BIND_ADDRESS_NO_PORT.
//
// It matters in two ways. bind() does not know the destination, so it wants a port that no
// connection of its source address has, TIME_WAITs included: one range for all
// destinations, and errno 98 at its end. And connect() leaves out a port that bind() has
// chosen, for every destination, until its TIME_WAIT has ended: fastreuse of the bucket is
// not -1. Where another source address has the port as well, it stays so on kernels before
// 6.18 until all have left it; seen to end with the bound one on 6.18.
//
// A program that sets IP_LOCAL_PORT_RANGE has ports of both parities from Linux 6.8 on,
// as many of one as of the other, and so is not taken for one that binds.

const (
	freshS = 2   // of a TIME_WAIT: when it was made, the ports were as they are now
	sigmas = 4.0 // deviations that one parity must have more of than the other: 16 of 16, 70 of 100
	full   = 0.9 // of a parity, from where on bind() takes ports of the other as well
)

// parities counts ports by when connect() would choose them.
type parities struct{ first, last int }

func (p *parities) add(port uint16, low int) {
	if (int(port)-low)%2 == 0 {
		p.first++
	} else {
		p.last++
	}
}

func (p *parities) plus(q parities) { p.first, p.last = p.first+q.first, p.last+q.last }

// bound says whether so many ports of the last parity are no chance.
func (p parities) bound() bool {
	return p.last > p.first && float64(p.last-p.first) >= sigmas*math.Sqrt(float64(p.last+p.first))
}

// chosen are the parities of a group's ports, of all and of the fresh: what is old may be
// left from when the ports of the first parity were all taken.
type chosen struct{ all, fresh parities }

func (c *chosen) plus(d chosen) { c.all.plus(d.all); c.fresh.plus(d.fresh) }

func (c chosen) bound() bool { return c.all.bound() && c.fresh.bound() }

func (g *Group) chosen(low int, timer float64) (c chosen) {
	for _, port := range g.LivePorts {
		c.all.add(port, low)
		c.fresh.add(port, low)
	}
	for i, port := range g.WaitPorts[:min(len(g.WaitPorts), len(g.RemainingMs))] {
		c.all.add(port, low)
		if timer-float64(g.RemainingMs[i])/1000 < freshS {
			c.fresh.add(port, low)
		}
	}
	return c
}

// mixed says whether a good part of the ports is of the parity that connect() takes last.
func (p parities) mixed() bool { return 4*p.last >= p.first+p.last }

// bindFirst are the groups whose ports bind() has chosen. Ports of the last parity show it
// as long as there are enough of them. When they are used up, or where each destination
// has a few connections only, it is shown by no port being in use for two destinations:
// connect() would have used most of them again.
func (n *Namespace) bindFirst() map[*Group]bool {
	first := map[*Group]bool{}
	if n.Ports == nil || n.Ports.Usable < 2 {
		return first
	}
	type source struct {
		last   int // ports of that parity in use
		shown  []*Group
		maybe  []*Group // those that do not show it alone
		chosen          // of the latter
	}
	sources := map[netip.Addr]*source{}
	timer := n.timer().Seconds()
	for i := range n.Outgoing {
		g := &n.Outgoing[i]
		s := sources[g.Local.Addr()]
		if s == nil {
			s = &source{}
			sources[g.Local.Addr()] = s
		}
		c := g.chosen(n.Ports.Low, timer)
		s.last += c.all.last
		switch {
		case c.bound():
			first[g] = true
			s.shown = append(s.shown, g)
		case c.all.mixed():
			s.maybe = append(s.maybe, g)
			s.plus(c)
		}
	}
	for _, s := range sources {
		usedUp := float64(s.last) >= full*float64(n.Ports.Usable)/2
		all := slices.Concat(s.shown, s.maybe)
		if len(all) < 2 || !s.bound() && !usedUp || !apart(all) {
			continue
		}
		for _, g := range s.maybe {
			first[g] = true
		}
	}
	return first
}

// apart says whether no port is in use for two destinations.
func apart(groups []*Group) bool {
	var ports portSet
	taken := 0
	for _, g := range groups {
		ports.add(g)
		taken += len(g.LivePorts) + len(g.WaitPorts)
	}
	return ports.without(nil) == taken
}
