package loadgen

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ranOut tells that this host ran out of something.
func ranOut(e syscall.Errno) bool {
	switch e {
	case syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
		return true
	}
	return e == noPorts
}

// noteOwnLimit remembers the first thing that this host ran out of.
func (r *run) noteOwnLimit(e syscall.Errno) {
	if !ranOut(e) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ownLimit != "" {
		return
	}
	switch {
	case e == syscall.EADDRNOTAVAIL || e == noPorts:
		from := "this host"
		if len(r.plan.Sources) > 0 {
			from = fmt.Sprint(r.plan.Sources)
		}
		portRange, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
		if err != nil {
			portRange = []byte("unknown")
		}
		r.ownLimit = fmt.Sprintf("the generator itself ran out of source ports: %s towards %s, range %s",
			from, joined(r.plan.targets), strings.Join(strings.Fields(string(portRange)), "-"))
	case e == syscall.EMFILE:
		r.ownLimit = fmt.Sprintf("the generator itself ran out of file descriptors: its limit is %s, "+
			"%d connections were asked for", fileLimit(), r.plan.Connections)
	default:
		r.ownLimit = fmt.Sprintf("the generator itself ran out of kernel resources: %s (%v)", errnoName(e), e)
	}
}
