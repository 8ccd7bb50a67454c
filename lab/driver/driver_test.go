package driver

import (
	"io"
	"net/netip"
	"strings"
	"testing"
)

func TestArrangeHasNoTwoAlike(t *testing.T) {
	subnet := netip.MustParsePrefix("198.18.99.0/24")
	top := Arrange(subnet, Layout{Addresses: 64})
	seen := map[netip.Addr]bool{top.Load: true, top.Proxy.Addr(): true}
	if len(seen) != 2 || len(top.Backends) != 64 {
		t.Fatalf("%+v", top)
	}
	for _, b := range top.Backends {
		if seen[b.Addr()] || !subnet.Contains(b.Addr()) {
			t.Errorf("%v is taken or outside %v", b, subnet)
		}
		seen[b.Addr()] = true
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var tl Tail
	io.WriteString(&tl, strings.Repeat("x", TailLen))
	io.WriteString(&tl, "the end")
	if got := tl.String(); len(got) != TailLen || !strings.HasSuffix(got, "the end") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-10:])
	}
}
