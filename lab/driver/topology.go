package driver

import (
	"fmt"
	"net/netip"
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
	t := Topology{Subnet: subnet, Load: at(hostLoad), Proxy: netip.AddrPortFrom(at(hostProxy), port), Sources: []netip.Addr{at(hostProxy)}}
	for i := 1; i < l.Sources; i++ {
		t.Sources = append(t.Sources, at(hostMoreSources+i))
	}
	for i := range max(1, l.Addresses) {
		addr, first := at(hostBackend), port
		switch {
		case l.Loopback && i == 0:
			addr, first = netip.AddrFrom4([4]byte{127, 0, 0, 1}), port+1
		case l.Shared:
			addr, first = at(hostProxy), port+1 // the proxy listens on the first
		case i > 0:
			addr = at(hostMoreBackends + i)
		}
		for p := range max(1, l.Ports) {
			t.Backends = append(t.Backends, netip.AddrPortFrom(addr, uint16(first+p)))
		}
	}
	return t
}
