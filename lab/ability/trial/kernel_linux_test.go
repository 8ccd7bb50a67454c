package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
)

// What makes the test binary the first process of namespaces of its own.
const (
	tryWord      = "try"
	readOnlyWord = "try-read-only" // /proc/sys, as in a container without privileges
	fewFilesWord = "try-few-files"
)

func TestMain(m *testing.M) {
	if len(os.Args) != 2 || !slices.Contains([]string{tryWord, readOnlyWord, fewFilesWord}, os.Args[1]) {
		os.Exit(m.Run())
	}
	if err := child(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(how string) error {
	var err error
	switch how {
	case readOnlyWord:
		for name, value := range Preset() {
			at := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
			if err = os.WriteFile(at, []byte(value), 0); err != nil {
				return err
			}
		}
		if err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err == nil {
			err = unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND, "")
		}
		if err == nil {
			err = unix.Mount("", "/proc/sys", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
		}
	case fewFilesWord:
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1024, Max: 1024})
	}
	if err != nil {
		return err
	}
	f, err := Run()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(NewReport("", f))
}

// try tries this kernel in namespaces of its own.
func try(t testing.TB, how string, more uintptr) (ability.Found, time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", how)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | more,
	}
	if more&syscall.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err != nil {
		t.Fatalf("%v: %s", err, complaint.String())
	}
	var r Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return r.Found(), took
}

// since skips on a kernel older than the given one, of which less is known.
func since(t testing.TB, major, minor int) {
	t.Helper()
	release := driver.Here().Kernel
	var x, y int
	if _, err := fmt.Sscanf(release, "%d.%d", &x, &y); err != nil {
		t.Fatalf("kernel release %q: %v", release, err)
	}
	if x < major || x == major && y < minor {
		t.Skipf("kernel %s is older than %d.%d", release, major, minor)
	}
}

// TestThisKernel holds what is tried against what is known of kernels since 6.14,
// as root and in a user namespace.
func TestThisKernel(t *testing.T) {
	needs.Root(t)
	since(t, 6, 14)
	for who, more := range map[string]uintptr{"root": 0, "a user": syscall.CLONE_NEWUSER} {
		f, took := try(t, tryWord, more)
		t.Logf("%s, in %v: %s", who, took.Round(time.Millisecond), inWords(f))
		if len(f.Unknown) > 0 {
			t.Fatalf("%s: not known: %v", who, f.Unknown)
		}
		for id, want := range map[string]bool{
			"time_wait_counted_at_creation": true, "reuse_counts_whole_seconds": false, "tw_reuse_delay": true,
			"local_port_range": true, "local_port_range_removes_step": true, "epoll_pwait2": true, "mount_setattr": true,
			"openat2": true, "inet_diag": true, "sock_destroy": true,
		} {
			a, _ := ability.Of(id)
			if got, known := a.Is(f); got != want || !known {
				t.Errorf("%s: %s is %v", who, id, got)
			}
		}
		if hz := *f.HZ; !slices.Contains([]int{100, 250, 300, 1000}, hz) {
			t.Errorf("%s: HZ is %d", who, hz)
		}
		if *f.ScanPorts != width {
			t.Errorf("%s: the scan was of %d ports", who, *f.ScanPorts)
		}
		// 115 and 39 ns on the machine of the first measurement: 3 times.
		if tw, est := *f.ScanTimeWaitNs, *f.ScanEstablishedNs; est <= 0 || tw < 1.5*est || tw > 5000 {
			t.Errorf("%s: %v ns for a port in TIME_WAIT, %v for one of a connection", who, tw, est)
		}
	}
}

func inWords(f ability.Found) string {
	b, err := json.Marshal(f)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// TestWithoutPrivilege: where no sysctl can be set, what does not need one is found
// all the same, and the rest has a reason.
func TestWithoutPrivilege(t *testing.T) {
	needs.Root(t)
	since(t, 6, 14)
	f, _ := try(t, readOnlyWord, 0)
	if len(f.Unknown) != 1 || !strings.Contains(f.Unknown["reuse_counts_whole_seconds"], "read-only file system") {
		t.Errorf("not known: %v", f.Unknown)
	}
	if !*f.TimeWaitCountedAtCreation || !*f.TwReuseDelay || *f.ScanPorts != width || *f.ScanTimeWaitNs == 0 || *f.HZ == 0 {
		t.Error(inWords(f))
	}
}

// TestFewFiles: a low limit of open files makes the range of the scan narrower.
func TestFewFiles(t *testing.T) {
	needs.Root(t)
	since(t, 6, 14)
	f, _ := try(t, fewFilesWord, 0)
	if len(f.Unknown) > 0 || *f.ScanPorts >= width || *f.ScanPorts < 1024 {
		t.Error(inWords(f))
	}
}

func TestRunRefusesToRunOutside(t *testing.T) {
	if _, err := Run(); err == nil {
		t.Error("it ran in namespaces that are not its own")
	}
}

// BenchmarkRun is the whole trial, with the making of its process and namespaces. The
// bar is 400 ms.
func BenchmarkRun(b *testing.B) {
	needs.Root(b)
	for b.Loop() {
		try(b, tryWord, 0)
	}
}
