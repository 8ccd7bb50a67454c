package diagnose

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/format"
)

// rights are what the kernel grants this process beyond an ordinary user's. They only word
// what was not seen: whether something may be looked at is found out by looking.
type rights struct {
	effective uint64 // a bit for each capability
	nested    bool   // they are those of a user namespace, and hold for what is in it
}

// capabilities are those that a look is of use with, by what each is for:
//
//	CAP_SYS_ADMIN        setns(2) into another network namespace
//	CAP_SYS_PTRACE       ns, fd, root and exe of other users' processes in /proc
//	CAP_DAC_READ_SEARCH  their fd directories and files, whose mode is for their owner
var capabilities = map[int]string{
	unix.CAP_SYS_ADMIN: "CAP_SYS_ADMIN", unix.CAP_SYS_PTRACE: "CAP_SYS_PTRACE",
	unix.CAP_DAC_READ_SEARCH: "CAP_DAC_READ_SEARCH",
}

// ownRights asks the kernel; a kernel that does not tell is taken to grant none.
func ownRights() (r rights) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) == nil {
		r.effective = uint64(data[0].Effective) | uint64(data[1].Effective)<<32
	}
	text, err := os.Readlink("/proc/thread-self/ns/user")
	r.nested = err == nil && text != "user:[4026531837]" // PROC_USER_INIT_INO, include/linux/proc_ns.h
	return r
}

// takes says what something takes that was refused although it needs no more than these
// capabilities.
func (r rights) takes(needed ...int) string {
	var lacking []string
	for _, c := range needed {
		if r.nested || r.effective&(1<<c) == 0 {
			lacking = append(lacking, capabilities[c])
		}
	}
	switch {
	case len(lacking) == 0:
		return "the capabilities are there, and a security module refuses it, such as AppArmor in a container"
	case r.nested:
		return "that takes " + format.List(lacking) + " on the machine, and not only in this user namespace"
	}
	return "that takes " + format.List(lacking)
}

// refusedError says that the kernel refuses something that needs capabilities.
type refusedError struct {
	needed []int
	err    error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// forLackOf marks an error as one of lacking capabilities, if the kernel refused.
func forLackOf(err error, capabilities ...int) error {
	if !errors.Is(err, fs.ErrPermission) { // EPERM and EACCES
		return err
	}
	return &refusedError{capabilities, err}
}

// reason is an error in the words of who reads it.
func (r rights) reason(err error) string {
	refused := new(refusedError)
	switch {
	case errors.As(err, &refused):
		return "it may not be looked at: " + r.takes(refused.needed...)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%v: that takes root", err)
	}
	return err.Error()
}
