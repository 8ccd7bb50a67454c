package trial

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// past is how many connections are timed past half the range.
const past = 96

// scan fills half of the range, which is one parity, and times connect() before
// and after: past half it tries all of that parity, in vain, before it comes to
// the other. Then it closes what it opened, and times it again.
func scan(b *bench) error {
	ports, err := b.scanWidth()
	if err != nil {
		return err
	}
	half := ports / 2
	if err := roomForBacklog(half + past); err != nil {
		return err
	}
	l, err := b.listen(portScan, half+2*past)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	var open []int
	defer func() {
		for _, fd := range open {
			abort(fd)
		}
	}()
	dial := func(n int) ([]time.Duration, error) {
		var took []time.Duration
		for range n {
			fd, cost, err := b.dial(portScan)
			if err != nil {
				return nil, fmt.Errorf("connection %d of %d: %w", len(open)+1, half+past, err)
			}
			open, took = append(open, fd), append(took, cost)
		}
		return took, nil
	}
	before, err := dial(half)
	if err != nil {
		return err
	}
	established, err := dial(past)
	if err != nil {
		return err
	}
	// All of one side first: the connections need not be accepted in the order in
	// which they were made, and a server that closes first keeps the TIME_WAIT.
	made := len(open)
	for ; len(open) > 0; open = open[1:] {
		unix.Close(open[0])
	}
	for n := range made {
		server, err := accept(l)
		if err != nil {
			return fmt.Errorf("of %d connections, %d are missing: %w", made, made-n, err)
		}
		unix.Close(server)
	}
	b.found.ScanPorts = &ports
	b.found.ScanEstablishedNs = perPort(before, established, half)
	if err := settled(int64(made)); err != nil {
		return err
	}
	timeWait, err := dial(past)
	if err != nil {
		return err
	}
	b.found.ScanTimeWaitNs = perPort(before, timeWait, half)
	return nil
}

// perPort is what a port costs that is tried in vain, in tenths of a nanosecond. It
// goes by the quickest calls: each tries as many ports, and what disturbs one only
// makes it slower. With 12 to 19 threads for each of two processors they gave 111
// to 123 ns, the lower quartiles 116 to 236 and the medians 135 to 348.
func perPort(before, after []time.Duration, tried int) *float64 {
	ns := math.Round(10*float64(slices.Min(after)-slices.Min(before))/float64(tried)) / 10
	ns = max(ns, 0)
	return &ns
}

// spareFiles are the descriptors of everything else.
const spareFiles = 64

// scanWidth is the width of the range. A narrower one than wanted is made where
// this process may not open enough files.
func (b *bench) scanWidth() (int, error) {
	ports := b.ports[1] - b.ports[0] + 1
	if b.wide != nil && ports != width {
		return 0, b.wide
	}
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return 0, err
	}
	can := 2 * (int(min(files.Cur, 1<<20)) - past - spareFiles)
	if ports <= can {
		return ports, nil
	}
	can &^= 1
	if can < width/8 {
		return 0, fmt.Errorf("%d open files, the limit, are too few", files.Cur)
	}
	b.wide = setSysctl("ip_local_port_range", fmt.Sprintf("%d %d", lowPort, lowPort+can-1))
	return can, b.wide
}

// roomForBacklog makes sure that a listener may keep n connections that nobody
// accepts. net.core.somaxconn, which bounds it, is 4,096 since 5.4 and was 128.
func roomForBacklog(n int) error {
	const name = "/proc/sys/net/core/somaxconn"
	if err := os.WriteFile(name, []byte("65535"), 0); err == nil {
		return nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var most int
	if _, err := fmt.Sscan(string(b), &most); err != nil {
		return err
	}
	if most < n {
		return errors.New("net.core.somaxconn is " + fmt.Sprint(most) + " and cannot be set")
	}
	return nil
}
