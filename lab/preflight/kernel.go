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
	after := s.HoldTime().String()
	if s.ReuseWholeSeconds {
		after = "the next full second of its clock"
	}
	return fmt.Sprintf("the backend is on a loopback address, where tcp_tw_reuse=2, the kernel's default, "+
		"gives a tuple away after %s instead of %s: error 99 takes %.0f connections/s, and %.0f are offered; "+
		"set it to 0, or use another address of the host, which does not count as loopback",
		after, withoutReuse(s).HoldTime(), *s.ReuseCeiling(), s.RatePerS)
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

// stepWidth: ports in random order change less than one may think.
func stepWidth(f Facts) string {
	s := f.Setup
	if s.StepWidth <= 0 || s.Ports == 0 {
		return ""
	}
	return fmt.Sprintf("ip_local_port_step_width is %d, so connect() does not take ports in order: "+
		"from a taken port on it jumps, and tries 1/(1 − u) ports on average where the share u is taken. "+
		"It still tries all %d before it fails, those of one parity first: "+
		"K, the step at half the range and the ceiling of tcp_tw_reuse stay", s.StepWidth, s.Ports)
}

func withoutReuse(s law.Setup) law.Setup {
	s.TwReuse = 0
	return s
}

// fewBuckets: a low tcp_max_tw_buckets hides the shortage. Below half the range it
// hides the step there too. The kernel's default is half the size of its table of
// connections, which grows with the memory (tcp_sk_init, net/ipv4/tcp_ipv4.c): 8,192
// was seen with 1.5 to 2 GB.
func fewBuckets(f Facts) string {
	s := f.Setup
	unlimited := s
	unlimited.MaxTwBuckets = 0
	if s.MaxTwBuckets > 0 && s.Cliff() == nil && unlimited.Cliff() != nil {
		return fmt.Sprintf("tcp_max_tw_buckets is %d, no more than half of the %d tuples: "+
			"the kernel drops every TIME_WAIT beyond %[1]d (TCPTimeWaitOverflow), "+
			"so neither the slow connect() from half the range on nor error 99 can come; "+
			"set net.ipv4.tcp_max_tw_buckets to %[2]d or more, or use fewer ports "+
			"(a kernel with 2 GB of memory or less has 8192 by default)",
			s.MaxTwBuckets, s.Tuples())
	}
	if !s.Masked() {
		return ""
	}
	return fmt.Sprintf("tcp_max_tw_buckets is %d and there are %d tuples: "+
		"the kernel drops every TIME_WAIT beyond %[1]d (TCPTimeWaitOverflow), and error 99 never comes",
		f.Setup.MaxTwBuckets, f.Setup.Tuples())
}

// smallConntrack: a full table drops packets, and connect() then hangs.
func smallConntrack(f Facts) string {
	coming := f.Setup.Tracked()
	if f.ConntrackMax == 0 || float64(f.ConntrackMax) >= coming {
		return ""
	}
	return fmt.Sprintf("nf_conntrack_max is %d and %.0f connections are to come within the two minutes for which a "+
		"closed one is remembered: packets are dropped when the table is full, "+
		"and connect() hangs instead of failing with error 99",
		f.ConntrackMax, coming)
}

// localPortRange: on some kernels the socket option has no step at half the range
// (law/collapse.go has which), so a run with a collapse says nothing of a program
// that sets it.
func localPortRange(f Facts) string {
	s := f.Setup
	if law.Predict(s).CollapseS == nil || !f.optionRemovesStep() {
		return ""
	}
	has := "which this kernel has"
	if major, minor, known := release(f.Kernel); known {
		has = fmt.Sprintf("which Linux %d.%d has", major, minor)
	}
	return fmt.Sprintf("connect() tries the ports of one parity first, so the rate collapses with %d of %d taken; "+
		"a program that sets IP_LOCAL_PORT_RANGE, %s, is spared that, and a stock %s does not set it",
		s.Ports/2, s.Ports, has, f.Proxy)
}

// optionRemovesStep goes by what was tried. Where nothing was, upstream's version
// says as much as can be said: from 6.8 on.
func (f Facts) optionRemovesStep() bool {
	if f.OptionRemovesStep != nil {
		return *f.OptionRemovesStep
	}
	major, minor, known := release(f.Kernel)
	return known && (major > 6 || major == 6 && minor >= 8)
}
