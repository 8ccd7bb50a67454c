package trial

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// shortDelay is what tcp_tw_reuse_delay is set to where there is one.
	shortDelay = 50 * time.Millisecond
	// shortWait is how long after that a tuple must have been given away, on a busy
	// machine too.
	shortWait = 300 * time.Millisecond
	// lag is how far the kernel's whole seconds may be behind the clock: a tick at
	// 100 a second, and some time to run.
	lag = 50 * time.Millisecond
	// look is how often the port is asked for.
	look = time.Millisecond
)

// reuseClock comes last: it leaves a range of two ports. With one the kernel would
// write into its log that it prefers ends of different parity.
func reuseClock(b *bench) error {
	const port = lowPort + width
	for name, value := range map[string]string{
		"ip_local_port_range": fmt.Sprintf("%d %d", port, port+1), "tcp_tw_reuse": "1", "tcp_timestamps": "1",
	} {
		if err := setSysctl(name, value); err != nil {
			return err
		}
	}
	l, err := b.listen(portReuse, 4)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	from, to, wait := 3*lag, time.Second-2*lag, time.Second+2*lag
	if d := b.found.TwReuseDelay; d != nil && *d {
		if err := setSysctl("tcp_tw_reuse_delay", strconv.FormatInt(shortDelay.Milliseconds(), 10)); err != nil {
			return err
		}
		from, to, wait = 0, time.Second-shortWait, shortWait
	}
	for range 3 {
		var whole bool
		if whole, err = b.reuse(l, from, to, wait); err == nil {
			b.found.ReuseCountsWholeSeconds = &whole
		}
		if !errors.Is(err, errChance) {
			break
		}
		time.Sleep(wait) // until both ports can be had again
	}
	return err
}

var (
	errNotGiven = errors.New("the port of a TIME_WAIT was not given away when it was due")
	// errChance is of a moment or of a machine that is busy, and gone the next time.
	errChance = errors.New("when the port of a TIME_WAIT was given away does not tell by which clock")
)

// reuse puts both ports into TIME_WAIT, between two moments of a second of the clock,
// and asks for one until the first is given away, or the wait is over.
func (b *bench) reuse(listener int, from, to, wait time.Duration) (whole bool, err error) {
	if now := sinceSecond(monotonic()); now < from {
		time.Sleep(from - now)
	} else if now > to {
		time.Sleep(time.Second - now + from + lag)
	}
	var made time.Duration
	for range 2 {
		if err := b.timeWait(listener, portReuse); err != nil {
			return false, err
		}
		if made == 0 {
			made = monotonic()
		}
	}
	refused := made
	for refused < made+wait {
		fd, _, err := b.dial(portReuse)
		now := monotonic()
		if err == nil {
			abort(fd)
			if fd, err = accept(listener); err == nil {
				abort(fd)
			}
		} else if err != unix.EADDRNOTAVAIL {
			return false, err
		}
		switch {
		case now-refused > lag:
			// The machine is busy, or its clock jumped: user-mode Linux of 5.10 loses
			// seconds.
			return false, fmt.Errorf("%w: nothing was done for %v", errChance, (now - refused).Round(time.Millisecond))
		case err == nil:
			return wholeSeconds(made, now, b.found.TwReuseDelay)
		}
		refused = now
		time.Sleep(look)
	}
	return false, errNotGiven
}

// wholeSeconds says by which clock a tuple was given away. made and given are of
// CLOCK_MONOTONIC. Without a sysctl the delay is a second.
func wholeSeconds(made, given time.Duration, hasDelay *bool) (bool, error) {
	delay := time.Second
	if hasDelay != nil && *hasDelay {
		delay = shortDelay
	}
	const early = 10 * time.Millisecond // the kernel's clock is a tick behind, and the tuple older than made
	due := func(after time.Duration) bool { return given-made >= after-early && given-made < after+lag }
	switch byDelay, bySecond := due(delay), due(time.Second-sinceSecond(made)); {
	case byDelay && bySecond:
		return false, fmt.Errorf("%w: its delay and a second of the clock ended together", errChance)
	case byDelay || bySecond:
		return bySecond, nil
	}
	return false, fmt.Errorf("%w: after %v, which is neither its delay nor a second of the clock", errChance,
		(given - made).Round(time.Millisecond))
}

func sinceSecond(t time.Duration) time.Duration { return t % time.Second }

// monotonic is CLOCK_MONOTONIC, whose seconds ktime_get_seconds() counts.
func monotonic() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
