package guest

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var line sync.Mutex

// Now is CLOCK_MONOTONIC in seconds.
func Now() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0
	}
	return float64(t.Nano()) / 1e9
}

// say prints a line of the protocol.
func say(format string, args ...any) {
	line.Lock()
	defer line.Unlock()
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(os.Stdout, "%s %.6f %s\n", Mark, Now(), text)
}

const tickEvery = 500 * time.Millisecond

// tick prints the clock until it is stopped.
func tick() (stop func()) {
	done := make(chan struct{})
	go func() {
		t := time.NewTicker(tickEvery)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				say(WordTick)
			}
		}
	}()
	return func() { close(done) }
}
