//go:build unix

package loadgen

import (
	"cmp"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// noPorts is how connect() says that the source ports are used up.
const noPorts = syscall.EADDRNOTAVAIL

// common is e in the numbers of package syscall.
func common(e syscall.Errno) syscall.Errno { return e }

func errnoName(e syscall.Errno) string { return cmp.Or(unix.ErrnoName(e), e.Error()) }

// fileLimit is how many files the process may have open.
func fileLimit() string {
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) != nil {
		return "unknown"
	}
	return strconv.FormatUint(uint64(lim.Cur), 10)
}

// processCPU is the processor time of this process, in nanoseconds.
func processCPU() (user, sys int64) {
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &ru) != nil {
		return 0, 0
	}
	return ru.Utime.Nano(), ru.Stime.Nano()
}
