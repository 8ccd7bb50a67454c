package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// AddAddr gives the namespace another address, such as one more address of a
// backend. link is an interface name; empty means the one that has an address
// in the same subnet. An address that is already there is no error.
func AddAddr(link string, p netip.Prefix) error {
	if !p.IsValid() {
		return fmt.Errorf("add address: %v is not an address with a prefix length", p)
	}
	l, err := findLink(link, p.Addr())
	if err != nil {
		return fmt.Errorf("add address %v: %w", p, err)
	}
	addr := &netlink.Addr{IPNet: &net.IPNet{
		IP:   p.Addr().AsSlice(),
		Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
	}}
	if p.Addr().Is6() {
		// Duplicate address detection keeps an address unusable for a second.
		addr.Flags = unix.IFA_F_NODAD
	}
	err = netlink.AddrAdd(l, addr)
	switch {
	case errors.Is(err, unix.EEXIST):
		return nil
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("add address %v to %s: %w (it needs the capability NET_ADMIN)", p, l.Attrs().Name, err)
	case err != nil:
		return fmt.Errorf("add address %v to %s: %w", p, l.Attrs().Name, err)
	}
	return nil
}

func findLink(name string, addr netip.Addr) (netlink.Link, error) {
	if name != "" {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return nil, fmt.Errorf("find link %s: %w", name, err)
		}
		return l, nil
	}
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	for _, l := range links {
		addrs, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			return nil, fmt.Errorf("list addresses of %s: %w", l.Attrs().Name, err)
		}
		for _, a := range addrs {
			if a.Contains(addr.AsSlice()) {
				return l, nil
			}
		}
	}
	return nil, fmt.Errorf("no link has an address in its subnet; name the link")
}
