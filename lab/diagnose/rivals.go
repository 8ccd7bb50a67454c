package diagnose

import (
	"math/bits"
	"net/netip"
)

// Rivals are connections whose source ports run out together: those of one pair of source
// and destination, or, of a program that binds first, all from one source.
type rivals struct {
	Group
	parts      []*Group // that they are made of
	bindsFirst bool
	ports      int // usable by them, if the namespace's are known
}

// everywhere is what their destination is called where there are several.
const everywhere = "every destination"

// destination is where they go.
func (r *rivals) destination() string {
	if r.bindsFirst {
		return everywhere
	}
	return r.Remote.String()
}

// rivals are the connections that the namespace has made, by what runs out together. A
// program that binds first has all ports of the range that no connection of its source
// address has, and connect() all those that no such program holds.
func (n *Namespace) rivals() (all []rivals) {
	first := n.bindFirst()
	var held portSet // by programs that bind first
	sources := map[netip.Addr]*rivals{}
	var order []netip.Addr
	for i := range n.Outgoing {
		g := &n.Outgoing[i]
		if !first[g] {
			all = append(all, rivals{Group: *g, parts: []*Group{g}})
			continue
		}
		r := sources[g.Local.Addr()]
		if r == nil {
			r = &rivals{Group: Group{Local: g.Local, States: map[string]int{}}, bindsFirst: true}
			sources[g.Local.Addr()] = r
			order = append(order, g.Local.Addr())
		}
		r.join(g)
		held.add(g)
	}
	if n.Ports == nil {
		return all // nothing was found to bind first
	}
	usable := max(0, n.Ports.Usable-held.without(n.Ports.Bound)) // what is bound is counted already
	for i := range all {
		all[i].ports = usable
	}
	for _, source := range order {
		r := sources[source]
		r.ports = max(0, n.Ports.Usable-n.connected(source, first))
		all = append(all, *r)
	}
	return all
}

// join adds a group.
func (r *rivals) join(g *Group) {
	r.parts = append(r.parts, g)
	for state, count := range g.States {
		r.States[state] += count
	}
	r.RemainingMs = append(r.RemainingMs, g.RemainingMs...)
	r.LivePorts = append(r.LivePorts, g.LivePorts...)
	r.WaitPorts = append(r.WaitPorts, g.WaitPorts...)
}

// connected is how many ports connections of a source have whose port connect() chose.
func (n *Namespace) connected(source netip.Addr, first map[*Group]bool) int {
	var ports portSet
	for i := range n.Outgoing {
		if g := &n.Outgoing[i]; !first[g] && g.Local.Addr() == source {
			ports.add(g)
		}
	}
	return ports.without(n.Ports.Bound)
}

// portSet is a set of ports.
type portSet [1 << 16 / 64]uint64

// add puts the ports of a group in.
func (s *portSet) add(g *Group) {
	s.put(g.LivePorts)
	s.put(g.WaitPorts)
}

func (s *portSet) put(ports []uint16) {
	for _, port := range ports {
		s[port/64] |= 1 << (port % 64)
	}
}

func (s *portSet) drop(ports []uint16) {
	for _, port := range ports {
		s[port/64] &^= 1 << (port % 64)
	}
}

func (s *portSet) has(port uint16) bool { return s[port/64]&(1<<(port%64)) != 0 }

// without takes ports out, and says how many are left.
func (s *portSet) without(ports []uint16) (n int) {
	s.drop(ports)
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}
