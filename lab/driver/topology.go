package driver

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Subnets are the candidates for a lab's network, most preferred first. All are
// /24 networks of 198.18.0.0/15, which is set aside for benchmarks (RFC 2544).
// Some VPNs use these addresses, and several labs may be up at once: hence many.
func Subnets() []netip.Prefix {
	at := func(second, third int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{198, byte(second), byte(third), 0}), 24)
	}
	all := []netip.Prefix{at(18, 99), at(19, 99)}
	for third := range 256 {
		if third != 99 {
			all = append(all, at(18, third), at(19, third))
		}
	}
	return all
}

// SubnetList names subnets for people, the first few of many.
func SubnetList(subnets []netip.Prefix) string {
	const few = 4
	var names []string
	for _, s := range subnets[:min(few, len(subnets))] {
		names = append(names, s.String())
	}
	text := strings.Join(names, ", ")
	if more := len(subnets) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Example is the topology that a plan shows before there is a lab. A run takes
// the first candidate that is free, which need not be this one.
func Example(l Layout) Topology { return Arrange(Subnets()[0], l) }

// Places of the hosts in the lab's subnet. A driver may add the further addresses
// of proxy and backend to their interfaces without asking its engine: the engine
// gives out none of these.
const (
	hostLoad         = 9
	hostProxy        = 10
	hostBackend      = 20
	hostMoreSources  = 32
	hostMoreBackends = 128
	hostMoreLoads    = 192
	port             = 8080
)

// Arrange lays the hosts out in a subnet. Drivers call it; everybody else gets
// the topology from Configure or from the lab.
func Arrange(subnet netip.Prefix, l Layout) Topology {
	at := func(n int) netip.Addr {
		b := subnet.Masked().Addr().As4()
		b[3] += byte(n)
		return netip.AddrFrom4(b)
	}
	loads, sources, backends := []netip.Addr{at(hostLoad)}, []netip.Addr{at(hostProxy)}, []netip.Addr{at(hostBackend)}
	for i := 1; i < l.Loads; i++ {
		loads = append(loads, at(hostMoreLoads+i))
	}
	for i := 1; i < l.Sources; i++ {
		sources = append(sources, at(hostMoreSources+i))
	}
	for i := 1; i < l.Addresses; i++ {
		backends = append(backends, at(hostMoreBackends+i))
	}
	t := ArrangeAt(loads, sources, backends, l)
	t.Subnet = subnet
	return t
}

// ArrangeAt lays the hosts out at addresses that are given: as many as the layout has, and no
// backends where they share the proxy's.
func ArrangeAt(loads, sources, backends []netip.Addr, l Layout) Topology {
	t := Topology{Load: loads[0], Loads: loads, Proxy: netip.AddrPortFrom(sources[0], port), Sources: sources}
	for i := range max(1, l.Addresses) {
		addr, first := sources[0], port+1 // of a shared host, where the proxy listens on the first
		switch {
		case l.Loopback && i == 0:
			addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case !l.Shared:
			addr, first = backends[i], port
		}
		for p := range max(1, l.Ports) {
			t.Backends = append(t.Backends, netip.AddrPortFrom(addr, uint16(first+p)))
		}
	}
	if l.Service == ClusterIP { // until the cluster has said which address that is
		t.Behind, t.Backends = t.Backends, slices.Clone(t.Backends[:max(1, l.Ports)])
	}
	return t
}

// unused is a port at which nobody listens in a lab: discard, RFC 863.
const unused = 9

// Contacts are where packets from the load host have to get to, and back from: the proxy and
// one address of the backend. A proxy that passes connections on is asked at a port that
// refuses, for the TIME_WAIT of a connection to the other would be in the way of the load.
func (t Topology) Contacts(l Layout) []netip.AddrPort {
	proxy := t.Proxy
	if l.Passes {
		proxy = netip.AddrPortFrom(proxy.Addr(), unused)
	}
	for _, b := range t.Own() {
		if !b.Addr().IsLoopback() {
			return []netip.AddrPort{proxy, b}
		}
	}
	return []netip.AddrPort{proxy}
}
