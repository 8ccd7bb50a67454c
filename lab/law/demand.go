package law

// NewConnections is how many upstream connections the proxy opens in the run,
// R·churn·duration: what a connection-tracking table has to hold, as it keeps
// entries of closed connections for two minutes
// (nf_conntrack_tcp_timeout_time_wait).
// https://docs.kernel.org/networking/nf_conntrack-sysctl.html
func (s Setup) NewConnections() float64 {
	s = s.normal()
	return s.connectionsPerS() * s.Duration.Seconds()
}

// PeakTimeWait is the most sockets in TIME_WAIT the proxy's namespace can come
// to in the run: f·R·churn·min(T, duration), but no more than K. Below it,
// tcp_max_tw_buckets would change the outcome.
func (s Setup) PeakTimeWait() float64 {
	s = s.normal()
	seconds := min(s.HoldTime(), s.Duration).Seconds()
	return min(s.fillPerS()*seconds, float64(s.Tuples()))
}
