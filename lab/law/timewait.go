package law

import "time"

// timeWaitLen is TCP_TIMEWAIT_LEN of include/net/tcp.h: 60 s, and not tunable.
const timeWaitLen = 60 * time.Second

// defaultHZ is what a setup has that does not say: that of Debian, and of the
// kernel that the laws were measured on.
const defaultHZ = 250

// TimeWaitLump is how far apart the moments are at which TIME_WAITs end, on a
// kernel with so many ticks a second (CONFIG_HZ; 0: defaultHZ).
//
// A timer waits in one of the wheel's levels. The further away its moment, the
// coarser the level: each is 8 times as coarse as the one before it, and level n
// begins at 63·8ⁿ⁻¹ ticks (LVL_START and calc_wheel_index, kernel/time/timer.c). 60 s
// are 60·HZ ticks, so
//
//	HZ    lump     T
//	100   5.12 s   60 to 65.1 s
//	250   2.048 s  60 to 62.0 s
//	300   1.707 s  60 to 61.7 s
//	1000  4.096 s  60 to 64.1 s
//
// Measured: 2.05 s apart at 250; at 100, of 300 connections, ends 61.24 and 66.34 s
// after the first one began. 300 and 1000 are derived.
func TimeWaitLump(hz int) time.Duration {
	if hz <= 0 {
		hz = defaultHZ
	}
	ticks, coarse := int(timeWaitLen.Seconds())*hz, 1
	for start := 63; ticks >= start; start *= 8 {
		coarse *= 8
	}
	return time.Duration(coarse) * time.Second / time.Duration(hz)
}

// TimeWaitOf is how long TIME_WAIT lasts on average at so many ticks a second:
// half a lump longer than 60 s, to a tenth of a second.
func TimeWaitOf(hz int) time.Duration {
	return (timeWaitLen + TimeWaitLump(hz)/2).Round(100 * time.Millisecond)
}

// TimeWaitRange is the shortest and the longest TIME_WAIT: the wheel rounds up, so
// never less than 60 s.
func TimeWaitRange(hz int) (least, most time.Duration) {
	return timeWaitLen, timeWaitLen + TimeWaitLump(hz)
}

// WithHZ is s on a kernel of so many ticks a second. A TIME_WAIT that was that of the
// kernel before follows; one that was set does not.
func (s Setup) WithHZ(hz int) Setup {
	if s.Hold == TimeWaitOf(s.HZ) && !s.NAT {
		s.Hold = TimeWaitOf(hz)
	}
	s.HZ = hz
	return s
}

// plainHold says whether T is that of a TIME_WAIT which nothing shortens or
// prolongs, so that its range is that of the timer wheel.
func (s Setup) plainHold() bool { return s.Hold == TimeWaitOf(s.HZ) && s.HoldTime() == s.Hold }
