package driver

import "net/netip"

// Where the hosts sit in the lab's subnet. The further addresses of proxy and
// backend may be put on their interfaces behind the back of an engine's
// address management: nothing else is ever given one from there.
const (
	hostLoad         = 9
	hostProxy        = 10
	hostBackend      = 20
	hostMoreSources  = 32
	hostMoreBackends = 128
	port             = 8080
)

// Arrange lays the hosts out in a subnet.
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
			addr, first = at(hostProxy), port+1 // nginx listens there
		case i > 0:
			addr = at(hostMoreBackends + i)
		}
		for p := range max(1, l.Ports) {
			t.Backends = append(t.Backends, netip.AddrPortFrom(addr, uint16(first+p)))
		}
	}
	return t
}
