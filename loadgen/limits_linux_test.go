package loadgen

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// inChild runs the calling test again in a process of its own, for what a
// process can only do to itself. It returns true in the child.
func inChild(t *testing.T, attr *syscall.SysProcAttr) bool {
	t.Helper()
	if os.Getenv("LOADGEN_CHILD") == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "LOADGEN_CHILD="+t.Name())
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func TestRunningOutOfDescriptorsIsTheGeneratorsOwnLimit(t *testing.T) {
	if !inChild(t, nil) {
		return
	}
	s := serve(t, always(okAnswer))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 40, Max: 40}); err != nil {
		t.Fatal(err)
	}
	r := mustRun(t, Config{
		URL:         s.url,
		Connections: 64,
		Profile:     Constant(1000),
		Duration:    50 * time.Millisecond,
		Timeout:     200 * time.Millisecond,
	})
	if !strings.Contains(r.OwnLimit, "file descriptors") || r.Bottleneck != LimitGenerator {
		t.Errorf("own limit %q, bottleneck %s", r.OwnLimit, r.Bottleneck)
	}
}

func TestRunningOutOfPortsIsTheGeneratorsOwnLimit(t *testing.T) {
	needs.Root(t)
	if !inChild(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}) {
		return
	}
	loopbackUp(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("20000 20009"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_tw_reuse", []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := serveAt(t, "127.0.0.1:18080", always(okAnswer))
	r := mustRun(t, Config{URL: s.url, Profile: Constant(200), Duration: 200 * time.Millisecond, CloseAfter: 1})
	if r.OK != 10 || r.Causes[CauseNoPorts] != 30 || r.OKBeforeFirst[CauseNoPorts] != 10 {
		t.Errorf("ok %d, causes %v, %d ok before the first", r.OK, r.Causes, r.OKBeforeFirst[CauseNoPorts])
	}
	if !strings.Contains(r.OwnLimit, "source ports") || !strings.Contains(r.OwnLimit, "20000-20009") {
		t.Errorf("own limit %q", r.OwnLimit)
	}
}

func loopbackUp(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		t.Fatal(err)
	}
}

func TestLoopsArePinned(t *testing.T) {
	s := serve(t, always(okAnswer))
	c := Config{URL: s.url, Profile: Constant(100), Requests: 5, CPUs: []int{0}}
	if r := mustRun(t, c); r.OK != 5 {
		t.Errorf("ok %d", r.OK)
	}
	c.CPUs = []int{1 << 20}
	if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), "CPU 1048576") {
		t.Errorf("a CPU that does not exist: %v", err)
	}
}
