package driver

import "net/netip"

// Where the hosts sit in the lab's subnet. The backend's further addresses
// may be put on its interface behind the back of an engine's address
// management: nothing else is ever given one from there.
const (
	hostLoad         = 9
	hostProxy        = 10
	hostBackend      = 20
	hostMoreBackends = 128
	port             = 8080
)

// Arrange lays the hosts out in a subnet.
func Arrange(subnet netip.Prefix, addresses int) Topology {
	at := func(n int) netip.Addr {
		b := subnet.Masked().Addr().As4()
		b[3] += byte(n)
		return netip.AddrFrom4(b)
	}
	t := Topology{Subnet: subnet, Load: at(hostLoad), Proxy: netip.AddrPortFrom(at(hostProxy), port)}
	for i := range addresses {
		n := hostBackend
		if i > 0 {
			n = hostMoreBackends + i
		}
		t.Backends = append(t.Backends, netip.AddrPortFrom(at(n), port))
	}
	return t
}
