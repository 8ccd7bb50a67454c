package agent

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The lab's VXLAN. Clusters use ports 4789 and 8472 for their own.
const (
	overlayName = "lab0"
	overlayID   = 99
	overlayPort = 4790
	// overlayHeaders are what VXLAN adds to a packet over IPv4: the outer Ethernet, IP and
	// UDP headers and its own. Over IPv6 it is 20 bytes more.
	overlayHeaders = 50
)

// make makes the link and gives it the addresses. What goes to a host whose place is not
// known yet, ARP above all, goes to all: few hosts need no more than that.
func (o *Overlay) make() error {
	under, err := linkOf(o.Local)
	if err != nil {
		return err
	}
	headers := overlayHeaders
	if o.Local.Is6() {
		headers += 20
	}
	link := &netlink.Vxlan{
		LinkAttrs:    netlink.LinkAttrs{Name: overlayName, MTU: under.Attrs().MTU - headers},
		VxlanId:      overlayID,
		VtepDevIndex: under.Attrs().Index,
		SrcAddr:      o.Local.AsSlice(),
		Port:         overlayPort,
		Learning:     true,
	}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("make the lab's network, VXLAN over %s: %w", under.Attrs().Name, err)
	}
	var errs []error
	for _, p := range o.Prefixes {
		addr := &netlink.Addr{IPNet: &net.IPNet{
			IP:   p.Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}}
		errs = append(errs, netlink.AddrAdd(link, addr))
	}
	for _, peer := range o.Peers {
		errs = append(errs, netlink.NeighAppend(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, Family: unix.AF_BRIDGE, State: netlink.NUD_PERMANENT | netlink.NUD_NOARP,
			Flags: netlink.NTF_SELF, IP: peer.AsSlice(), HardwareAddr: make(net.HardwareAddr, 6),
		}))
	}
	return errors.Join(append(errs, netlink.LinkSetUp(link))...)
}

// linkOf is the link that has an address.
func linkOf(addr netip.Addr) (netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		all, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(a netlink.Addr) bool { return a.IP.Equal(net.IP(addr.AsSlice())) }) {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no link of this host has the address %v", addr)
}
