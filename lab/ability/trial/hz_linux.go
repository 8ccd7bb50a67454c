package trial

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/probe"
)

// hz: clock_getres() answers a jiffy for the coarse clocks (KTIME_LOW_RES). A TIME_WAIT's remaining
// time is jiffies too (jiffies_delta_to_msecs() in net/ipv4/inet_diag.c), and falls
// a jiffy at a time.
func hz(b *bench) error {
	var res unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &res); err != nil {
		return err
	}
	if res.Nano() <= 0 {
		return errors.New("the coarse clock has no resolution")
	}
	jiffy := time.Duration(res.Nano())
	smallest, err := fallOfTimer(netip.AddrPortFrom(b.addr, portTimeWait), jiffy)
	if err != nil {
		return err
	}
	n, err := ticksPerSecond(jiffy, smallest)
	if err == nil {
		b.found.HZ = &n
	}
	return err
}

// rounding is how far a step may be from a jiffy: both its ends are whole
// milliseconds.
const rounding = time.Millisecond

// ticksPerSecond is HZ by the resolution of a coarse clock, where the smallest step
// of a timer, 0 for none, does not contradict it.
func ticksPerSecond(jiffy, smallest time.Duration) (int, error) {
	switch {
	case smallest == 0:
		return 0, errors.New("no timer was seen to move")
	case (smallest - jiffy).Abs() > rounding:
		return 0, fmt.Errorf("a jiffy is %v by the coarse clock, and timers fall by %v", jiffy, smallest)
	}
	return int(math.Round(float64(time.Second) / float64(jiffy))), nil
}

// How long a timer is watched that does not fall by a jiffy. At 100 a second, the
// least that there is, one takes 10 ms; a machine that is busy lets many pass
// unseen.
const (
	watchFor = 300 * time.Millisecond
	reads    = 1000
)

// fallOfTimer is the smallest step in which the remaining time of a TIME_WAIT was seen
// to fall. It looks until that is as small as a jiffy.
func fallOfTimer(dst netip.AddrPort, jiffy time.Duration) (smallest time.Duration, err error) {
	var last time.Duration
	by := time.Now().Add(watchFor)
	for n := 0; n < reads || time.Now().Before(by); n++ {
		left, err := probe.TimeWaitsLeft(dst)
		if err != nil {
			return 0, err
		}
		if len(left) == 0 {
			return 0, errors.New("there is no TIME_WAIT to watch")
		}
		longest := slices.Max(left)
		if step := last - longest; step > 0 && (smallest == 0 || step < smallest) {
			smallest = step
		}
		if smallest > 0 && smallest <= jiffy+rounding {
			break
		}
		last = longest
	}
	return smallest, nil
}
