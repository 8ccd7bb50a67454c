package law

import "time"

// trackedFor is how long connection tracking remembers a closed connection:
// nf_conntrack_tcp_timeout_time_wait.
const trackedFor = 120 * time.Second

// Tracked is the most upstream connections that a connection-tracking table has
// to hold in the run: all that are opened within two minutes, as it keeps those
// that are closed, but no more than K. A tuple that is used again replaces its old
// entry (nf_conntrack_tcp_packet, net/netfilter/nf_conntrack_proto_tcp.c), and a
// failed connect() sends nothing.
// https://docs.kernel.org/networking/nf_conntrack-sysctl.html
func (s Setup) Tracked() float64 {
	s = s.normal()
	opened := s.connectionsPerS() * min(s.Duration, trackedFor).Seconds()
	return min(opened, float64(s.Tuples()))
}

// PeakTimeWait is the most sockets in TIME_WAIT the proxy's namespace can come
// to in the run: f·R·churn·min(T, duration), but no more than K. Below it,
// tcp_max_tw_buckets would change the outcome.
func (s Setup) PeakTimeWait() float64 {
	s = s.normal()
	seconds := min(s.HoldTime(), s.Duration).Seconds()
	return min(s.fillPerS()*seconds, float64(s.Tuples()))
}
