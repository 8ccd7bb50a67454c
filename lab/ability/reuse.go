package ability

// reuseClock: tcp_twsk_unique() of net/ipv4/tcp_ipv4.c compared
// ktime_get_seconds() with the second of the last segment until 6.14, which
// took milliseconds and tcp_tw_reuse_delay instead. Before 4.19, and on RHEL 8, it
// wants two seconds more of the clock on the wall. The trial then sees no port given
// away in its time, and the ability stays unknown.
var reuseClock = Ability{
	ID:   "reuse_counts_whole_seconds",
	Name: "tcp_tw_reuse counts in whole seconds",
	Tried: "with tcp_tw_reuse=1 and both ports of a range in TIME_WAIT, asks for one until it is given away: at the " +
		"delay that was set (50 ms), or as soon as the clock's second (CLOCK_MONOTONIC) changes; where there is no " +
		"tcp_tw_reuse_delay that takes up to two seconds",
	Otherwise: "the laws then give an interval: a tuple is free again when the clock's second changes, so a second " +
		"holds as many connections as there are tuples, and the first one up to twice as many",
	is: func(f Found) *bool { return f.ReuseCountsWholeSeconds }, usual: false,
}
