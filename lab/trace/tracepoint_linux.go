package trace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// The tracepoints, below events/syscalls.
const (
	enterPoint = "sys_enter_connect"
	exitPoint  = "sys_exit_connect"
)

// tracefsAt is where tracefs is mounted, if it is.
var tracefsAt = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// tracefs is a directory: that of the file system where it is mounted, else that of a
// mount of its own, which is at no place and ends with the descriptor.
func tracefs() (*os.File, error) {
	for _, path := range tracefsAt {
		var st unix.Statfs_t
		if unix.Statfs(path, &st) == nil && st.Type == unix.TRACEFS_MAGIC {
			fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			return os.NewFile(uintptr(fd), path), err
		}
	}
	fd, err := mountNowhere("tracefs")
	if err != nil {
		return nil, &notMountedError{err}
	}
	return os.NewFile(uintptr(fd), "tracefs"), nil
}

// notMountedError says that there is no tracefs.
type notMountedError struct{ err error }

func (e *notMountedError) Error() string {
	return "tracefs is not mounted, and cannot be: " + e.err.Error()
}

func (e *notMountedError) Unwrap() error { return e.err }

func mountNowhere(kind string) (int, error) {
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, err
	}
	return unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC,
		unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC|unix.MOUNT_ATTR_NODEV)
}

// numbers are those that the running kernel has given to the tracepoints.
func numbers(names ...string) ([]uint64, error) {
	dir, err := tracefs()
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	all := make([]uint64, len(names))
	for i, name := range names {
		path := "events/syscalls/" + name + "/id"
		fd, err := unix.Openat(int(dir.Fd()), path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) {
			return nil, errors.New("the kernel has no tracepoints for system calls (CONFIG_FTRACE_SYSCALLS)")
		}
		if err != nil {
			return nil, fmt.Errorf("open %s/%s: %w", dir.Name(), path, err)
		}
		file := os.NewFile(uintptr(fd), path)
		text, err := io.ReadAll(io.LimitReader(file, 64))
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s/%s: %w", dir.Name(), path, err)
		}
		if all[i], err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil {
			return nil, fmt.Errorf("%s/%s: a number is expected: %w", dir.Name(), path, err)
		}
	}
	return all, nil
}

// attach runs a program at a tracepoint until the file is closed. perf_event_open(2) wants
// a processor to be named; the program runs on all of them, since it hangs on the tracepoint.
func attach(number uint64, p *ebpf.Program) (*os.File, error) {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: number, Size: unix.PERF_ATTR_SIZE_VER1}
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	event := os.NewFile(uintptr(fd), "perf event")
	if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, p.FD()); err != nil {
		event.Close()
		return nil, err
	}
	return event, nil
}
