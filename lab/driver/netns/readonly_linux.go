package netns

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// readOnly makes a mount, and all mounted below it, read-only. One call does it,
// and leaves the other flags of each as they are, since Linux 5.12.
func readOnly(at string) error {
	err := unix.MountSetattr(unix.AT_FDCWD, at, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if errors.Is(err, unix.ENOSYS) {
		return remountReadOnly(at)
	}
	return err
}

// remountReadOnly does the same mount by mount, for older kernels.
func remountReadOnly(at string) error {
	all, err := mounts()
	if err != nil {
		return fmt.Errorf("list the mounts: %w", err)
	}
	for _, m := range all {
		if !isBelow(m.MountPoint, at) || isCovered(m, all) {
			continue
		}
		flags := unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY | keptFlags(m)
		if err := unix.Mount("", m.MountPoint, "", flags, ""); err != nil {
			return fmt.Errorf("remount %s: %w", m.MountPoint, err)
		}
	}
	return nil
}

// keptFlags are those of a mount that a remount clears unless it repeats them. In a
// user namespace the kernel refuses to clear what was set outside of it
// (can_change_locked_flags, fs/namespace.c). Those of access times it keeps by
// itself (path_mount).
func keptFlags(m *procfs.MountInfo) (flags uintptr) {
	for name, flag := range map[string]uintptr{
		"nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC, "nosymfollow": unix.MS_NOSYMFOLLOW,
	} {
		if _, set := m.Options[name]; set {
			flags |= flag
		}
	}
	return flags
}

// mounts are those of the calling thread's mount namespace, which need not be its
// process's. Where a container hides parts of /proc it is of another PID namespace, and
// knows the thread by other numbers than the thread itself: to that, process 1 is
// the host's.
func mounts() ([]*procfs.MountInfo, error) {
	link, err := os.Readlink("/proc/thread-self")
	if err != nil {
		return nil, err
	}
	var pid, tid int
	if _, err := fmt.Sscanf(link, "%d/task/%d", &pid, &tid); err != nil {
		return nil, fmt.Errorf("/proc/thread-self is %q: %w", link, err)
	}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	thread, err := proc.Thread(pid, tid)
	if err != nil {
		return nil, err
	}
	all, err := thread.MountInfo()
	for _, m := range all {
		m.MountPoint = unescaped(m.MountPoint)
	}
	return all, err
}

// unescaped is a path of mountinfo, where the kernel writes blanks, line ends and
// backslashes as three octal digits (mangle, fs/proc_namespace.c).
func unescaped(path string) string {
	first, rest, found := strings.Cut(path, `\`)
	if !found {
		return path
	}
	if len(rest) >= 3 {
		if c, err := strconv.ParseUint(rest[:3], 8, 8); err == nil {
			return first + string([]byte{byte(c)}) + unescaped(rest[3:])
		}
	}
	return first + `\` + unescaped(rest)
}

// isBelow says whether a path is another or lies below it.
func isBelow(path, other string) bool {
	return path == other || strings.HasPrefix(path, strings.TrimSuffix(other, "/")+"/")
}

// isCovered says whether another mount lies over a mount point, so that its path
// leads elsewhere: one at the path or above it that the mount does not itself lie
// in. Nobody can write there by that path either.
func isCovered(m *procfs.MountInfo, all []*procfs.MountInfo) bool {
	lies := map[int]bool{m.MountID: true} // in these
	parent := m.ParentID
	for !lies[parent] {
		lies[parent] = true
		if i := slices.IndexFunc(all, func(x *procfs.MountInfo) bool { return x.MountID == parent }); i >= 0 {
			parent = all[i].ParentID
		}
	}
	return slices.ContainsFunc(all, func(x *procfs.MountInfo) bool {
		return !lies[x.MountID] && isBelow(m.MountPoint, x.MountPoint)
	})
}
