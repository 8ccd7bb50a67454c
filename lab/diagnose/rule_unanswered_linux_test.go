package diagnose

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// TestSYNsWithoutAnAnswer: nobody has the address, so the SYN goes nowhere, as behind a NAT
// that has no port left.
func TestSYNsWithoutAnAnswer(t *testing.T) {
	needs.Network(t)
	if err := (&load{Low: 20000, High: 20099}).prepare(); err != nil {
		t.Fatal(err)
	}
	link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "one"}, PeerName: "other"}
	address, err := netlink.ParseAddr("10.3.0.1/24")
	if err == nil {
		err = errors.Join(netlink.LinkAdd(link), netlink.AddrAdd(link, address), netlink.LinkSetUp(link))
	}
	if other, e := netlink.LinkByName("other"); e == nil {
		err = errors.Join(err, netlink.LinkSetUp(other))
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Connect(fd, sockaddrOf(netip.MustParseAddrPort("10.3.0.9:80"))); err != unix.EINPROGRESS {
			t.Fatal(err)
		}
	}
	r := conclude(t, thisNamespace(t))
	if text := textOf(r, "unanswered"); !strings.Contains(text, "8 of 8 live connections") ||
		!strings.Contains(text, "8 of 100 are taken") {
		t.Errorf("%q, want 8 of 8 connections: %+v", text, r.Namespaces)
	}
}
