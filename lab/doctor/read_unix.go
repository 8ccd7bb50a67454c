//go:build linux || darwin

package doctor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeMiB is the room for this user in a directory, which must be writable.
func freeMiB(dir string) (int, error) {
	if err := unix.Access(dir, unix.W_OK); err != nil {
		return 0, fmt.Errorf("%s: not writable: %w", dir, err)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	return int(s.Bavail * uint64(s.Bsize) >> 20), nil
}
