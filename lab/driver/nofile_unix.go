//go:build linux || darwin

package driver

import "golang.org/x/sys/unix"

// noFile is the hard limit of open files. Go raises the soft one to it at start.
func noFile() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 0
	}
	return r.Max
}
