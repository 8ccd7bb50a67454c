package ability

// hz: how coarse the timer wheel (kernel/time/timer.c) rounds the 60 s of a
// TIME_WAIT up depends on how many jiffies they are.
var hz = Ability{
	ID:   "hz",
	Name: "ticks of the kernel's timers per second (HZ)",
	Tried: "takes the resolution of CLOCK_MONOTONIC_COARSE, which is a jiffy, " +
		"and holds it against the steps in which the remaining time of a TIME_WAIT falls",
	figure: func(f Found) string { return count(f.HZ) },
}
