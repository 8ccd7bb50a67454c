package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// withoutMountSetattr makes of this kernel one before 5.12, for the calling thread
// and what is started from it: the system call is answered as one that is not there.
func withoutMountSetattr(t *testing.T) {
	t.Helper()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // its number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_MOUNT_SETATTR, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		t.Fatal(err)
	}
}

// tree is a directory with mounts in it, in a mount namespace of the test's thread,
// which is never unlocked and ends with the test.
func tree(t *testing.T) (from, to string) {
	t.Helper()
	needs.Root(t)
	dir := t.TempDir()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	from, to = filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for _, m := range []struct {
		at    string
		flags uintptr
	}{
		{"", 0}, {"sub", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME},
		{"sub/deeper", unix.MS_NODEV}, {`a blank\040`, unix.MS_NOSUID}, {"over/covered", 0},
		{"over", unix.MS_NOEXEC}, {"stacked", unix.MS_NOSUID}, {"stacked", 0},
	} {
		at := filepath.Join(from, m.at)
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("tmpfs", at, "tmpfs", m.flags, "mode=0755"); err != nil {
			t.Fatal(err)
		}
	}
	filetest.Write(t, filepath.Join(from, "file"), "text")
	t.Cleanup(func() {
		for _, at := range []string{to, to + "-file", from} {
			unix.Unmount(at, unix.MNT_DETACH)
		}
	})
	return from, to
}

// visible are the mounts of tree that a path leads to.
var visible = []string{"", "sub", "sub/deeper", `a blank\040`, "over", "stacked"}

// shownReadOnly shows a tree elsewhere and says what is wrong with how it is shown.
func shownReadOnly(from, to string) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if err := show(from, to); err != nil {
		return []string{err.Error()}
	}
	if err := show(filepath.Join(from, "file"), to+"-file"); err != nil {
		complain("one file: %v", err)
	}
	if err := os.WriteFile(to+"-file", nil, 0o644); !errors.Is(err, unix.EROFS) {
		complain("the file can be written: %v", err)
	}
	const kept = unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC | unix.ST_NOATIME | unix.ST_RELATIME
	for _, at := range visible {
		if err := os.WriteFile(filepath.Join(to, at, "new"), nil, 0o644); !errors.Is(err, unix.EROFS) {
			complain("%q can be written: %v", at, err)
		}
		var was, is unix.Statfs_t
		if err := errors.Join(unix.Statfs(filepath.Join(from, at), &was),
			unix.Statfs(filepath.Join(to, at), &is)); err != nil {
			complain("%q: %v", at, err)
		}
		if was.Flags&unix.ST_RDONLY != 0 || is.Flags&unix.ST_RDONLY == 0 || was.Flags&kept != is.Flags&kept {
			complain("%q had the flags %#x and is shown with %#x", at, was.Flags, is.Flags)
		}
	}
	return wrong
}

// TestShownReadOnly with the call that kernels have since 5.12, and without.
func TestShownReadOnly(t *testing.T) {
	for name, old := range map[string]bool{"this kernel": false, "one before 5.12": true} {
		t.Run(name, func(t *testing.T) {
			from, to := tree(t)
			if old {
				withoutMountSetattr(t)
				if err := unix.MountSetattr(unix.AT_FDCWD, from, 0, &unix.MountAttr{}); !errors.Is(err, unix.ENOSYS) {
					t.Fatalf("mount_setattr is still there: %v", err)
				}
			}
			for _, w := range shownReadOnly(from, to) {
				t.Error(w)
			}
		})
	}
}

// TestShownReadOnlyUnderAnotherProc: in a new PID namespace that kept the /proc of the old
// one, a process is another one there.
func TestShownReadOnlyUnderAnotherProc(t *testing.T) {
	needs.Root(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run", "^TestShownReadOnly$")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// showSubcommand makes the test's binary the child of the test below.
const showSubcommand = "show-read-only"

// TestShownReadOnlyWithoutRoot: in a user namespace the flags of mounts from
// outside are locked, and a remount that forgets one is refused.
func TestShownReadOnlyWithoutRoot(t *testing.T) {
	from, to := tree(t)
	withoutMountSetattr(t)
	cmd := exec.Command("/proc/self/exe", showSubcommand, from, to)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// showInChild is that child.
func showInChild(args []string) (code int) {
	if wrong := shownReadOnly(args[0], args[1]); len(wrong) > 0 {
		fmt.Println(strings.Join(wrong, "\n"))
		return 1
	}
	return 0
}

func TestMountInfoIsUnescaped(t *testing.T) {
	for in, want := range map[string]string{
		`/plain`: "/plain", `/a\040b\011c\012d\134e`: "/a b\tc\nd\\e", `/cut\04`: `/cut\04`, `/no\999`: `/no\999`, `\040`: " ",
	} {
		if got := unescaped(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestCoveredMountsAreFound(t *testing.T) {
	m := func(id, parent int, at string) *procfs.MountInfo {
		return &procfs.MountInfo{MountID: id, ParentID: parent, MountPoint: at}
	}
	all := []*procfs.MountInfo{
		m(1, 1, "/"), m(2, 1, "/usr"), m(3, 2, "/usr/lib/a"), m(4, 2, "/usr/lib"), m(5, 4, "/usr/lib/b"),
		m(6, 2, "/usr/share"), m(7, 6, "/usr/share"), m(8, 1, "/usr2"),
	}
	var covered []int
	for _, x := range all {
		if isCovered(x, all) {
			covered = append(covered, x.MountID)
		}
	}
	if fmt.Sprint(covered) != "[3 6]" {
		t.Errorf("covered are %v, want 3, under 4, and 6, under 7", covered)
	}
}

// TestInstalledServersOnAnOldKernel: a lab of what is installed on this machine comes
// up without mount_setattr, and its servers can write to none of that.
func TestInstalledServersOnAnOldKernel(t *testing.T) {
	d := open(t)
	needs.Program(t, "netns", "sleep")
	runtime.LockOSThread() // never unlocked: the filter goes with the thread
	withoutMountSetattr(t)
	d.roots["installed"] = "/"
	l, err := d.Up(t.Context(), driver.Spec{
		Layout: driver.Layout{Addresses: 1}, OnRecord: func(string, agent.Record) {},
		Configure: same(driver.Server{Image: "installed", Command: []string{"/bin/sleep", "60"}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down(t.Context())
	out, err := l.Exec(t.Context(), results.HostProxy, "/bin/sh", "-c", "true > /run/lab/yes && true > /usr/no")
	if err == nil || !strings.Contains(out, "Read-only file system") || strings.Contains(out, "/run/lab") {
		t.Errorf("%v: %s", err, out)
	}
}
