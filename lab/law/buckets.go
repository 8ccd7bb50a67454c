package law

// Overflow is how many TIME_WAITs the kernel drops at tcp_max_tw_buckets in a run
// that is Masked.
var Overflow = Law{
	ID: "tw_overflow", Name: "TIME_WAITs dropped (TCPTimeWaitOverflow)",
	Unit: "sockets", Figure: "tw_overflow", More: MoreSevere,
	Compare: func(r Run) *Compared {
		seen := r.Measured("tw_overflow")
		if seen == nil || r.Setup.Keepalive > 0 || r.Setup.Race || r.estimated() || !r.Setup.Masked() {
			return nil
		}
		dropped := r.Setup.TwOverflow(r.EndS)
		if dropped <= 0 {
			return nil
		}
		return &Compared{Predicted: &dropped, Measured: seen, Tolerance: max(2, 0.02*dropped)}
	},
}

// Masked says whether tcp_max_tw_buckets hides the shortage: with M of them and
// c connections under way, error 99 would come without the limit, and never
// comes with it, as long as
//
//	M + c < K
//
// for the namespace drops the connections that would be one TIME_WAIT too
// many. Its tuple is free again at once, and unprotected: that is what
// TIME_WAIT is for. M counts the namespace's total, so K of one destination is
// what it must be below. Measured: M=500 below 1,000 ports, 7,000 requests, no
// failure. (inet_twsk_alloc, net/ipv4/inet_timewait_sock.c.)
// https://docs.kernel.org/networking/ip-sysctl.html (tcp_max_tw_buckets)
func (s Setup) Masked() bool {
	unlimited := s
	unlimited.MaxTwBuckets = 0
	return s.MaxTwBuckets > 0 && unlimited.fails() && !s.fails()
}

// TwOverflow is how far the counter TCPTimeWaitOverflow has come after t
// seconds of a run that is Masked: of the connections that nginx closes first,
// those that found all M buckets taken. Buckets are free again T later, as
// tuples are. Measured with M=500 at 100 a second: 5,993 in 70 s.
func (s Setup) TwOverflow(t float64) float64 {
	if s.MaxTwBuckets <= 0 {
		return 0
	}
	buckets := Setup{
		Ports:      s.MaxTwBuckets,
		RatePerS:   s.fillPerS(),
		CloseShare: 1,
		Churn:      1,
		Hold:       s.HoldTime(),
	}.Complete()
	return max(0, s.fillPerS()*t-buckets.OKIn(t))
}
