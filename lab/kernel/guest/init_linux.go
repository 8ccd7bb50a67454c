package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Here says whether this is a guest: PID 1 of a container is not.
func Here() bool {
	_, err := os.Stat("/" + Orders)
	return err == nil
}

// Main is what PID 1 does. It does not return: a kernel whose init ends panics.
func Main() {
	defer powerOff()
	defer func() {
		if r := recover(); r != nil {
			say("panic %v %s", r, strings.ReplaceAll(string(debug.Stack()), "\n", " | "))
		}
	}()
	if err := run(); err != nil {
		say("%s %v", WordFailed, err)
	}
}

func run() error {
	if err := mounts(); err != nil {
		return err
	}
	console()
	say("%s %s", WordUp, release())
	stop := tick()
	defer stop()
	for _, m := range modules() {
		if err := load(m); err != nil {
			say("%s %v", WordNote, err) // what needs it says so
		}
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	limits()
	b, err := os.ReadFile("/" + Orders)
	if err != nil {
		return err
	}
	var o Order
	if err := json.Unmarshal(b, &o); err != nil {
		return fmt.Errorf("%s: %w", Orders, err)
	}
	disk, err := waitFor(o.Disk, 5*time.Second)
	if err != nil {
		return err
	}
	defer disk.Close()
	os.Setenv("HOME", "/"+Home)
	os.Setenv("PATH", "/bin:/usr/sbin:/usr/bin:/sbin")
	os.Setenv("TMPDIR", "/tmp")
	if err := Run(context.Background(), o.Tasks, "/out", disk, say); err != nil {
		return err
	}
	say(WordDone)
	return nil
}

// mounts makes the file systems that a distribution's init would.
func mounts() error {
	for _, m := range []struct{ kind, at, options string }{
		{"proc", "/proc", ""}, {"sysfs", "/sys", ""}, {"devtmpfs", "/dev", ""}, {"tmpfs", "/tmp", "mode=1777"},
		{"tmpfs", "/run", "mode=0755"},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		// The kernel may have mounted /dev.
		if err := unix.Mount(m.kind, m.at, m.kind, 0, m.options); err != nil && err != unix.EBUSY {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	os.Symlink("/proc/self/fd", "/dev/fd") // it may be there
	return nil
}

// console makes the standard streams of the kernel's console. They may be closed:
// /dev/console is not there before /dev is.
func console() {
	fd, err := unix.Open("/dev/console", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return
	}
	for n := range 3 {
		if fd != n {
			unix.Dup3(fd, n, 0)
		}
	}
	if fd > 2 {
		unix.Close(fd)
	}
}

func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

func modules() []string {
	names, _ := filepath.Glob("/" + Modules + "/*.ko") // the only error is a bad pattern
	slices.Sort(names)
	return names
}

func load(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && err != unix.EEXIST {
		return fmt.Errorf("module %s: %w", filepath.Base(name), err)
	}
	return nil
}

// loopbackUp sets lo up, without which the kernel has no 127.0.0.1.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	return nil
}

// limits raises the number of open files, which init has 4,096 of.
func limits() {
	l := syscall.Rlimit{Cur: 65536, Max: 65536}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // what runs out of them says so
}

// waitFor opens a device when its driver has made it.
func waitFor(name string, limit time.Duration) (*os.File, error) {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENXIO) || time.Now().After(end) {
			return nil, fmt.Errorf("the disk for results: %w", err)
		}
	}
}

func powerOff() {
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {} // a kernel that cannot is killed by the host
}
