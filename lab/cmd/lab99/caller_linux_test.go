package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A caller is somebody who runs the program: what the kernel grants to it and lets it do.
// The test's binary becomes it, and then the program.
type caller struct {
	User     int       // 0: root
	Grant    []uintptr // capabilities: all that is left to root where Limited, those given to another user
	Limited  bool
	Nested   bool // root of a user namespace of its own
	ReadOnly bool // a system call that could change the machine ends the program
	HidePID  int  // how /proc hides processes of others, proc(5)
	Deaf     bool // there is no netlink
}

// nobody is a user that owns nothing.
const nobody = 65534

const callerOfProgram = "LAB99_TEST_CALLER"

// command runs a program as somebody.
func (c caller) command(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Others must get at both programs.
	for _, dir := range []string{filepath.Dir(program), filepath.Dir(self)} {
		if i, err := os.Stat(dir); err == nil && i.Mode().Perm()&0o5 != 0o5 {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{program}, args...)...)
	cmd.Env = append(os.Environ(), callerOfProgram+"="+string(text))
	return cmd
}

// become does what a caller is, all on one thread, and executes the program. It does not
// come back.
func become(text string, args []string) error {
	runtime.LockOSThread()
	var c caller
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	os.Unsetenv(callerOfProgram)
	if c.HidePID != 0 {
		if err := hideProcesses(c.HidePID); err != nil {
			return fmt.Errorf("hide processes: %w", err)
		}
	}
	if c.Limited {
		for one := uintptr(0); one <= unix.CAP_LAST_CAP; one++ {
			if slices.Contains(c.Grant, one) {
				continue
			}
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, one, 0, 0, 0); err != nil && err != unix.EINVAL { // not of this kernel
				return fmt.Errorf("drop capability %d: %w", one, err)
			}
		}
	}
	if c.User != 0 {
		if err := c.leaveRoot(); err != nil {
			return fmt.Errorf("become user %d: %w", c.User, err)
		}
	}
	if c.Nested {
		args = append([]string{"unshare", "--user", "--map-root-user"}, args...)
		path, err := exec.LookPath(args[0])
		if err != nil {
			return err
		}
		args[0] = path
	}
	if c.ReadOnly || c.Deaf {
		f := onlyReading(unix.SECCOMP_RET_TRAP)
		if c.Deaf {
			f = without(unix.SYS_SOCKET, uint32(unix.EAFNOSUPPORT))
		}
		if err := install(f); err != nil {
			return fmt.Errorf("install a seccomp filter: %w", err)
		}
	}
	return unix.Exec(args[0], args, os.Environ())
}

// leaveRoot makes the thread another user's, with the capabilities granted.
func (c caller) leaveRoot() error {
	keep := uintptr(0)
	if len(c.Grant) > 0 {
		keep = 1
	}
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, keep, 0, 0, 0); err != nil {
		return err
	}
	id := uintptr(c.User)
	for _, call := range [][4]uintptr{
		{unix.SYS_SETGROUPS, 0, 0, 0}, {unix.SYS_SETRESGID, id, id, id}, {unix.SYS_SETRESUID, id, id, id},
	} {
		if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
			return errno
		}
	}
	if len(c.Grant) == 0 {
		return nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for _, one := range c.Grant {
		bit := uint32(1) << (one % 32)
		data[one/32].Permitted |= bit
		data[one/32].Effective |= bit
		data[one/32].Inheritable |= bit
	}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return err
	}
	for _, one := range c.Grant {
		if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, one, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// canHide says why a /proc of one's own may not be mounted with other options. Before Linux
// 5.8 they would be those of every /proc; it has no "subset" either.
func canHide() error {
	fd, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return fmt.Errorf("open proc: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.FsconfigSetString(fd, "subset", "pid"); err != nil {
		return fmt.Errorf("hidepid is the same in every /proc: %w", err)
	}
	return nil
}

// hideProcesses mounts a /proc that hides others' processes, in a mount namespace of the
// thread.
func hideProcesses(how int) error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.Mount("proc", "/proc", "proc", 0, fmt.Sprint("hidepid=", how))
}

// install gives the thread a seccomp filter, which it cannot take off, and which goes on
// with whatever it executes.
func install(program []unix.SockFilter) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := syscall.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER,
		uintptr(unsafe.Pointer(&f)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return errno
	}
	return nil
}
