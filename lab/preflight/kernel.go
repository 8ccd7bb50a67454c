package preflight

import (
	"fmt"

	"github.com/lab99/lab99/lab/law"
)

// usablePorts: a reserved port, or one that anybody listens on, is none for
// connect(). Docker's embedded DNS takes one of every namespace.
func usablePorts(f Facts) string {
	lost := f.RangeWidth - f.Setup.Ports
	if f.RangeWidth == 0 || lost <= 0 {
		return ""
	}
	return fmt.Sprintf("%d of the %d ports in ip_local_port_range are reserved or taken by a listener: P is %d", lost,
		f.RangeWidth, f.Setup.Ports)
}

// loopbackReuse: the default since Linux 4.19.
func loopbackReuse(f Facts) string {
	s := f.Setup
	if !s.Loopback || s.TwReuse != 2 || s.NoTimestamps || s.RatePerS > *s.ReuseCeiling() {
		return ""
	}
	return fmt.Sprintf("the backend is on a loopback address, where tcp_tw_reuse=2, the kernel's default, gives a tuple "+
		"away after %s instead of %s: "+
		"error 99 takes %.0f connections/s, and %.0f are offered; set it to 0, or use another address of the host, which does not count as loopback",
		s.HoldTime(), withoutReuse(s).HoldTime(), *s.ReuseCeiling(), s.RatePerS)
}

// timestampsOff turns tcp_tw_reuse off, at either end.
func timestampsOff(f Facts) string {
	s := f.Setup
	if !s.NoTimestamps || s.TwReuse != 1 && (s.TwReuse != 2 || !s.Loopback) {
		return ""
	}
	text := fmt.Sprintf("tcp_timestamps is 0, without which tcp_tw_reuse=%d does nothing: a tuple stays blocked for %s",
		s.TwReuse, s.HoldTime())
	if first := law.Predict(s).FirstError99S; first != nil {
		text += fmt.Sprintf(", and error 99 comes after %.2f s as without it", *first)
	}
	return text
}

func withoutReuse(s law.Setup) law.Setup {
	s.TwReuse = 0
	return s
}

// fewBuckets: a low tcp_max_tw_buckets hides the shortage.
func fewBuckets(f Facts) string {
	if !f.Setup.Masked() {
		return ""
	}
	return fmt.Sprintf("tcp_max_tw_buckets is %d and there are %d tuples: the kernel drops every TIME_WAIT beyond %[1]d "+
		"(TCPTimeWaitOverflow), and error 99 never comes",
		f.Setup.MaxTwBuckets, f.Setup.Tuples())
}

// smallConntrack: a full table drops packets, and connect() then hangs.
func smallConntrack(f Facts) string {
	coming := f.Setup.Tracked()
	if f.ConntrackMax == 0 || float64(f.ConntrackMax) >= coming {
		return ""
	}
	return fmt.Sprintf("nf_conntrack_max is %d and %.0f connections are to come within the two minutes for which a closed "+
		"one is remembered: "+
		"packets are dropped when the table is full, and connect() hangs instead of failing with error 99", f.ConntrackMax, coming)
}

// localPortRange: the socket option has no cliff at half the range, so a run
// with a collapse says nothing of a program that sets it.
func localPortRange(f Facts) string {
	s := f.Setup
	major, minor, known := release(f.Kernel)
	collapse := law.Predict(s).CollapseS
	if !known || collapse == nil || major < 6 || major == 6 && minor < 3 {
		return ""
	}
	return fmt.Sprintf("connect() tries the ports of one parity first, so the rate collapses with %d of %d taken; a program "+
		"that sets IP_LOCAL_PORT_RANGE, "+
		"which Linux %d.%d has, is spared that, and a stock %s does not set it", s.Ports/2, s.Ports, major, minor, f.Proxy)
}
