//go:build !linux

package clock

import "time"

var start = time.Now()

// Mono counts nanoseconds from the start of the process: no agent runs on
// this system, so there is nothing to share the clock with.
func Mono() int64 { return int64(time.Since(start)) }
