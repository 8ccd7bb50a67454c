package diagnose

import (
	"net/netip"
	"slices"
)

// otherEnd is the accepting side of a group, and what it has of it.
type otherEnd struct {
	*Namespace        // nil: it is not seen
	group      *Group // empty if it has no connection left
}

func otherEndOf(s *Snapshot, n *Namespace, g *Group) otherEnd {
	o := otherEnd{accepting(s, n, g.Remote), &Group{}}
	if o.Namespace == nil {
		return o
	}
	for i := range o.Incoming {
		if x := &o.Incoming[i]; x.Local == g.Remote && x.Remote.Addr() == g.Local.Addr() {
			o.group = x
		}
	}
	return o
}

// withoutTimestamps says whether tcp_tw_reuse can do nothing because of this namespace.
func (n *Namespace) withoutTimestamps() bool {
	return n != nil && n.Sysctls["net.ipv4.tcp_timestamps"] == "0"
}

// accepting is the namespace that a connection from n arrives in: n itself if the
// destination is an address of its own, and otherwise the one that has it and listens
// there. Of several, as private addresses may make them, none is known to be it.
func accepting(s *Snapshot, n *Namespace, to netip.AddrPort) *Namespace {
	if n.accepts(to) {
		return n
	}
	if to.Addr().IsLoopback() {
		return nil
	}
	var side *Namespace
	for i := range s.Namespaces {
		if x := &s.Namespaces[i]; x.accepts(to) {
			if side != nil {
				return nil
			}
			side = x
		}
	}
	return side
}

// accepts says whether an end is the namespace's own, and listened on.
func (n *Namespace) accepts(to netip.AddrPort) bool {
	return (to.Addr().IsLoopback() || slices.Contains(n.Addresses, to.Addr())) &&
		slices.ContainsFunc(n.Listening, func(l netip.AddrPort) bool {
			return l.Port() == to.Port() && (l.Addr() == to.Addr() || l.Addr().IsUnspecified())
		})
}
