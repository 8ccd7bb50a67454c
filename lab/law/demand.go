package law

import (
	"math"
	"time"
)

// trackedFor is how long connection tracking remembers a closed connection:
// nf_conntrack_tcp_timeout_time_wait.
const trackedFor = 120 * time.Second

// Tracked is the most upstream connections that a connection-tracking table has
// to hold in the run: all that are opened while one lasts and for the two minutes after
// that it keeps a closed one, but no more than K. A tuple that is used again replaces its old
// entry (nf_conntrack_tcp_packet, net/netfilter/nf_conntrack_proto_tcp.c), and a
// failed connect() sends nothing.
// https://docs.kernel.org/networking/nf_conntrack-sysctl.html
func (s Setup) Tracked() float64 {
	opened := s.connectionsPerS() * min(s.Duration.Seconds(), s.LastsS()+trackedFor.Seconds())
	return min(opened, float64(s.Tuples()))
}

// PeakTimeWait is the most sockets in TIME_WAIT that the proxy's namespace can come
// to in the run. If tcp_max_tw_buckets is lower, it changes the outcome.
//
// Without tcp_tw_reuse it is f·R·churn·min(T, duration), and K at the most.
//
// With tcp_tw_reuse a TIME_WAIT still lasts its minute unless connect() takes its
// port. connect() tries the ports of one parity first (see collapse.go), and takes
// the first one that is free or in TIME_WAIT for longer than tcp_tw_reuse_delay. So
// the other parity stays free as long as the first one has such a port. The peak is
//
//	K/2                              if f·R·churn·delay ≤ K/2
//	K/2 + (f·R·churn·delay − K/2)·n  otherwise, in n delays, and K at the most
//
// Where reuse counts whole seconds, those of the clock that the load touches are one
// more.
//
// Measured: 2,048 of 4,096 ports at 1,000 a second, 250 of 500 at 200 a second.
func (s Setup) PeakTimeWait() float64 {
	k := float64(s.Tuples())
	seconds := min(s.afterFinWait2(s.Hold), s.Duration).Seconds()
	made := s.fillPerS() * seconds
	if !s.reuses() {
		return min(made, k)
	}
	delay := s.ReuseDelay.Seconds()
	delays := math.Ceil(seconds / delay)
	if s.countsSeconds() {
		delays++
	}
	beyond := max(0, s.fillPerS()*delay-k/2) * delays
	return min(made, k/2+beyond, k)
}
