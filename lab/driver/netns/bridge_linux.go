package netns

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// linkName is the one interface of a host besides lo.
const linkName = "eth0"

// bridge joins the hosts, from the child's own network namespace.
type bridge struct{ link *netlink.Bridge }

func newBridge() (*bridge, error) {
	b := &bridge{&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "lab", Flags: net.FlagUp}}}
	if err := netlink.LinkAdd(b.link); err != nil {
		return nil, fmt.Errorf("make a bridge, for which the kernel needs CONFIG_BRIDGE: %w", err)
	}
	return b, nil
}

// plug makes the link of a host: one end on the bridge, the other in the
// host's network namespace, which ns is a descriptor of.
func (b *bridge) plug(host string, ns int) error {
	err := netlink.LinkAdd(&netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: host, MasterIndex: b.link.Index, Flags: net.FlagUp},
		PeerName:      linkName,
		PeerNamespace: netlink.NsFd(ns),
	})
	if err != nil {
		return fmt.Errorf("make a pair of links, for which the kernel needs CONFIG_VETH: %w", err)
	}
	return nil
}
