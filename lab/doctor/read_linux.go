package doctor

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
)

// routes lists where this machine's routes lead, those to its own interfaces'
// networks among them.
func routes() ([]route, error) {
	list, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list the routes: %w", err)
	}
	var all []route
	for _, r := range list {
		if r.Dst == nil {
			continue // the default route
		}
		to, ok := netip.AddrFromSlice(r.Dst.IP)
		bits, _ := r.Dst.Mask.Size()
		if !ok {
			continue
		}
		via := "interface " + strconv.Itoa(r.LinkIndex)
		if link, err := netlink.LinkByIndex(r.LinkIndex); err == nil {
			via = link.Attrs().Name
		}
		all = append(all, route{netip.PrefixFrom(to.Unmap(), bits), via})
	}
	return all, nil
}

func readConntrack() ConntrackFacts {
	b, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_max")
	if err != nil {
		return ConntrackFacts{}
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	return ConntrackFacts{Loaded: err == nil, Max: n}
}
