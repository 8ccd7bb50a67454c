//go:build !linux

package loadgen

import "time"

// clock counts nanoseconds on the monotonic clock of package time, which no
// other process shares, from a moment within this process.
type clock struct{ base time.Time }

// processStart is t = 1 s, so that no moment is 0, which means none.
var processStart = time.Now().Add(-time.Second)

func newClock() (clock, error) { return clock{processStart}, nil }

func (c *clock) now() int64 { return int64(time.Since(c.base)) }
