package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/results"
)

// look tells what can be told from inside a pod, without a right to ask anybody. What
// cannot be told is left out.
func (*Around) look(ctx context.Context) *results.Place {
	var u unix.Utsname
	p := new(results.Place)
	if unix.Uname(&u) == nil {
		p.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	p.Network = network()
	p.Service = serviceBy(ctx)
	return p
}

// network is how a pod is joined to the others: its link, its address, and where its
// packets go first.
func network() string {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return ""
	}
	for _, r := range routes {
		if r.Dst != nil && r.Dst.IP != nil && !r.Dst.IP.IsUnspecified() || r.LinkIndex == 0 {
			continue
		}
		link, err := netlink.LinkByIndex(r.LinkIndex)
		if err != nil {
			return ""
		}
		text := fmt.Sprintf("%s of MTU %d", link.Type(), link.Attrs().MTU)
		if all, err := netlink.AddrList(link, netlink.FAMILY_V4); err == nil && len(all) > 0 {
			text += ", " + all[0].IPNet.String()
		}
		if r.Gw != nil {
			text += " by " + r.Gw.String()
		}
		return text
	}
	return "no default route"
}

// noService is a port that the API server's Service does not have.
const noService = 1

// serviceBy connects to the one Service that every cluster has, of which every pod is told,
// and to a port that it does not have. kube-proxy translates the first by rules of iptables,
// which let the second pass to where nobody is; its nftables and IPVS modes refuse it.
func serviceBy(ctx context.Context) string {
	addr, err := netip.ParseAddr(os.Getenv("KUBERNETES_SERVICE_HOST"))
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(os.Getenv("KUBERNETES_SERVICE_PORT"), 10, 16)
	if err != nil {
		return ""
	}
	to := netip.AddrPortFrom(addr, uint16(port))
	c, err := connect(ctx, to)
	if err != nil {
		return results.ByNobody
	}
	defer c.Close()
	if t, err := there(c); err != nil || t.Remote != to {
		if err != nil {
			return ""
		}
		return results.BySocket
	}
	for try := 0; ; try++ {
		unused, err := connect(ctx, netip.AddrPortFrom(addr, noService))
		switch timeout := net.Error(nil); {
		case err == nil: // something translates more than a port
			unused.Close()
			return ""
		case errors.Is(err, syscall.ECONNREFUSED):
			return results.ByOther
		case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
			return results.ByIPTables
		case !errors.As(err, &timeout) || !timeout.Timeout():
			return ""
		case try == silences:
			return results.ByIPTables
		}
	}
}

// silences is after how many tries without an answer another must be without one, too. A
// refusal is an ICMP error, of which a kernel sends each peer one a second in the long run
// (icmp(7), icmp_ratelimit). Where the way to a Service without a pod behind it was tried
// for long, none is left to be sent: so the tries together take more than a second.
const silences = 4
