package ability

// timeWaitCount: upstream, tcp_time_wait() of net/ipv4/tcp_minisocks.c counts
// since 5.18; before, inet_twsk_kill() of net/ipv4/inet_timewait_sock.c did,
// when the TIME_WAIT was over.
var timeWaitCount = Ability{
	ID:    "time_wait_counted_at_creation",
	Name:  "TcpExt TW counts a TIME_WAIT when it begins",
	Tried: "closes a few connections first, and looks whether TW moved while they are in TIME_WAIT",
	Otherwise: "the laws then get the TIME_WAITs that began from the change of their number, plus those that ended " +
		"(TW, TWKilled, TWRecycled)",
	is: func(f Found) *bool { return f.TimeWaitCountedAtCreation }, usual: true,
}
