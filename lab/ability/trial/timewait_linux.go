package trial

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/probe"
)

// some is enough TIME_WAITs to see what becomes of them.
const some = 8

// timeWaitCount leaves its TIME_WAITs for those who look at some.
func timeWaitCount(b *bench) error {
	before, err := probe.ReadCounters()
	if err != nil {
		return err
	}
	l, err := b.listen(portTimeWait, some)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	for range some {
		if err := b.timeWait(l, portTimeWait); err != nil {
			return err
		}
	}
	if err := settled(some); err != nil {
		return err
	}
	after, err := probe.ReadCounters()
	if err != nil {
		return err
	}
	const name = "time_wait_created"
	if _, ok := after[name]; !ok {
		return fmt.Errorf("/proc/net/netstat has no TcpExt TW")
	}
	counted, err := countedAtCreation(after[name]-before[name], some)
	b.found.TimeWaitCountedAtCreation = counted
	return err
}

// countedAtCreation decides by how far the counter moved while all that were made
// are alive. It may move by more: where both ends close at once, each leaves a
// TIME_WAIT (seen on Linux 6.1, 9 for 8).
func countedAtCreation(counted, made int64) (*bool, error) {
	switch {
	case counted >= made:
		return new(true), nil
	case counted == 0:
		return new(false), nil
	}
	return nil, fmt.Errorf("%d were made and none has ended, and TW moved by %d", made, counted)
}

// settled waits until at least n connections are in TIME_WAIT.
func settled(n int64) error {
	for by := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		tw, err := probe.ReadTimeWait()
		if err != nil || tw >= n {
			return err
		}
		if time.Now().After(by) {
			return fmt.Errorf("of %d connections closed here first, %d are in TIME_WAIT: tcp_max_tw_buckets may be low",
				n, tw)
		}
	}
}
