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

func TestTakenBy(t *testing.T) {
	prefix := netip.MustParsePrefix
	taken := []Route{{prefix("0.0.0.0/0"), "eth0"}, {prefix("10.0.0.0/8"), "eth0"}, {prefix("198.18.0.0/16"), "tun0"}}
	for subnet, want := range map[string]string{
		"198.18.99.0/24": "198.18.0.0/16 of tun0",
		"198.16.0.0/12":  "198.18.0.0/16 of tun0",
		"198.19.99.0/24": "",
	} {
		if got := TakenBy(prefix(subnet), taken); got != want {
			t.Errorf("%s is taken by %q, want %q", subnet, got, want)
		}
	}
}
