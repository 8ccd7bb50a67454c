package netns

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// serverCaps is what nginx and Apache may need as root: to become another
// user, to signal and to read what is another user's, to listen below 1024.
var serverCaps = map[uintptr]bool{
	unix.CAP_CHOWN: true, unix.CAP_DAC_OVERRIDE: true, unix.CAP_KILL: true,
	unix.CAP_SETGID: true, unix.CAP_SETUID: true, unix.CAP_NET_BIND_SERVICE: true,
}

// confine limits what programs started from the calling thread can ever do.
// The thread itself keeps what it has. In a user namespace servers are nobody
// and have no capabilities that could be dropped.
func confine(rootless bool) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	if rootless {
		return nil
	}
	for c := uintptr(0); ; c++ {
		if serverCaps[c] {
			continue
		}
		switch err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err {
		case nil:
		case unix.EINVAL:
			return nil // past the last one that this kernel has
		default:
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
}

// raiseNoFile lets all processes of the lab open as many files as they may.
// The call also tells the Go runtime not to give its children the limit that
// this process was started with.
func raiseNoFile() error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	l.Cur = l.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}
