package ability

// timeWaitCount: upstream changed it in 5.18 (commit 27dd35e02235). probe.TimeWaits
// has the functions, and the sum that stands in for the counter.
var timeWaitCount = Ability{
	ID:    "time_wait_counted_at_creation",
	Name:  "TcpExt TW counts a TIME_WAIT when it begins",
	Tried: "closes a few connections first, and looks whether TW moved while they are in TIME_WAIT",
	Otherwise: "the laws then get the TIME_WAITs that began from the change of their number, plus those that ended " +
		"(TW, TWKilled, TWRecycled)",
	is: func(f Found) *bool { return f.TimeWaitCountedAtCreation }, usual: true,
}
