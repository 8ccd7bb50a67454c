package driver

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
)

func TestArrangeHasNoTwoAlike(t *testing.T) {
	subnet := netip.MustParsePrefix("198.18.99.0/24")
	top := Arrange(subnet, Layout{Addresses: 64, Loads: 16})
	seen := map[netip.Addr]bool{top.Proxy.Addr(): true}
	for _, l := range top.Loads {
		seen[l] = true
	}
	if len(seen) != 17 || top.Loads[0] != top.Load || len(top.Backends) != 64 {
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

// TestArrangeAService: a ClusterIP stands for all the backend's addresses, until the cluster
// says which address it is; headless ones are the backend's own.
func TestArrangeAService(t *testing.T) {
	one := Arrange(Subnets()[0], Layout{Addresses: 3, Ports: 2, Service: ClusterIP})
	if len(one.Backends) != 2 || len(one.Own()) != 6 {
		t.Errorf("a ClusterIP: %v, behind it %v", one.Backends, one.Own())
	}
	if one.Backends[0] = netip.MustParseAddrPort("10.96.0.7:8080"); one.Own()[0] == one.Backends[0] {
		t.Error("the ClusterIP has taken a pod's place")
	}
	all := Arrange(Subnets()[0], Layout{Addresses: 3, Ports: 2, Service: Headless})
	if len(all.Backends) != 6 || len(all.Own()) != 6 {
		t.Errorf("headless: %v", all.Backends)
	}
}

// TestContactsTakeNoPort: a proxy that passes connections on is not connected to where it
// listens, and a backend of loopback alone is out of reach.
func TestContactsTakeNoPort(t *testing.T) {
	at := func(l Layout) string { return fmt.Sprint(Arrange(Subnets()[0], l).Contacts(l)) }
	for name, c := range map[string]struct {
		layout Layout
		want   string
	}{
		"asks":     {Layout{}, "[198.18.99.10:8080 198.18.99.20:8080]"},
		"passes":   {Layout{Passes: true}, "[198.18.99.10:9 198.18.99.20:8080]"},
		"loopback": {Layout{Shared: true, Loopback: true}, "[198.18.99.10:8080]"},
	} {
		if got := at(c.layout); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
