package trial

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// userNamespaces starts no program in a new user namespace: that the program is
// missed is the proof that the namespace was made.
//
// A network namespace comes with it. A machine whose security module takes the
// capabilities of such users away, as Ubuntu's AppArmor does, makes the one and
// refuses the other.
func userNamespaces(b *bench) (err error) {
	// No ID is mapped: the file for that would be looked for in a /proc that may be of
	// another PID namespace.
	_, err = syscall.ForkExec("/nonexistent", []string{"lab99"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
	}})
	switch {
	case errors.Is(err, unix.ENOENT):
		b.found.UserNamespaces = new(true)
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // CONFIG_USER_NS is not set
		b.found.UserNamespaces = new(false)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EACCES):
		// A sysctl, a security module or a container forbids them: for this user they
		// are not there.
		b.found.UserNamespaces = new(false)
	}
	return err
}
