package agent

import (
	"net"
	"net/netip"
	"testing"
)

// TestReach: a host is reached whether it listens or refuses. What gets no answer is
// in the drivers' tests, which can drop packets.
func TestReach(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listens := l.Addr().(*net.TCPAddr).AddrPort()
	try := func(to netip.AddrPort) error {
		return (&Reach{Hosts: []netip.AddrPort{to}, TimeoutMs: 5000}).try(t.Context())
	}
	if err := try(listens); err != nil {
		t.Error(err)
	}
	l.Close()
	if err := try(listens); err != nil {
		t.Errorf("nothing listens, but the host is there: %v", err)
	}
	if err := try(netip.MustParseAddrPort("[100::1]:80")); err == nil { // the discard-only prefix, RFC 6666
		t.Error("a host that is nowhere was reached")
	}
}
