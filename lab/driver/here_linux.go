package driver

import (
	"fmt"
	"net/netip"
	"runtime"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Here describes this machine, without an engine. What it cannot tell is zero.
func Here() Machine {
	m := Machine{CPUs: runtime.NumCPU(), NoFile: noFile()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel, m.Arch = unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
	}
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) == nil {
		m.MemoryMiB = int(uint64(s.Totalram) * uint64(s.Unit) >> 20)
	}
	return m
}

// Routes lists where this machine's routes lead. The networks of its own
// interfaces are among them, the default route is not.
func Routes() ([]Route, error) {
	list, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list the routes: %w", err)
	}
	var all []Route
	for _, r := range list {
		if r.Dst == nil {
			continue
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
		all = append(all, Route{netip.PrefixFrom(to.Unmap(), bits), via})
	}
	return all, nil
}
