package netns

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// numbers are those of the capabilities that a server may ask for.
var numbers = map[string]uintptr{
	"CHOWN": unix.CAP_CHOWN, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "FOWNER": unix.CAP_FOWNER, "KILL": unix.CAP_KILL,
	"SETGID": unix.CAP_SETGID, "SETUID": unix.CAP_SETUID, "NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE,
	"NET_ADMIN": unix.CAP_NET_ADMIN, "NET_RAW": unix.CAP_NET_RAW, "SYS_CHROOT": unix.CAP_SYS_CHROOT,
}

// confine limits what programs started from the calling thread can ever do to the
// capabilities given by name. The thread itself keeps what it has. In a user
// namespace servers are nobody and have no capabilities that could be dropped.
func confine(rootless bool, capabilities []string) error {
	keep := map[uintptr]bool{}
	for _, name := range capabilities {
		n, ok := numbers[name]
		if !ok {
			return fmt.Errorf("no capability %q can be given to a server", name)
		}
		keep[n] = true
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	if rootless {
		return nil
	}
	for c := uintptr(0); ; c++ {
		if keep[c] {
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
