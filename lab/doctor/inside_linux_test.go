package doctor

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/driver/netns"
)

// insideWord makes the test binary the child that Examine starts.
const insideWord = "inside"

func TestMain(m *testing.M) {
	child := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	switch {
	case len(os.Args) != 2:
	case os.Args[1] == insideWord:
		child(Inside(os.Stdout))
	case os.Args[1] == netns.Subcommand:
		child(netns.Init())
	}
	os.Exit(m.Run())
}

// TestNamespacesAreReallyTried makes them, as root and in a user namespace,
// and finds the host as it was.
func TestNamespacesAreReallyTried(t *testing.T) {
	needs.Root(t)
	before, links := mounts(t), interfaces(t)
	f := readNamespaces(t.Context(), []string{"/proc/self/exe", insideWord})
	if why := f.Direct.failure(); why != "" {
		t.Errorf("as root: %s", why)
	}
	if in := f.Direct; in.Dump != "" || in.UsablePort != 100 || in.Sysctls["net.ipv4.ip_local_port_range"] == "" {
		t.Errorf("as root: %+v", in)
	}
	if why := f.ByUser.failure(); why != "" {
		t.Logf("in a user namespace: %s", why) // a machine may forbid it
	}
	if got := mounts(t); got != before {
		t.Errorf("mounts changed:\n%s\nwere\n%s", got, before)
	}
	if got := interfaces(t); strings.Contains(got, "lab99") {
		t.Errorf("interfaces %s, were %s", got, links)
	}
}

// TestForbiddenNamespacesAreNamed forbids them for real, to a child that may
// make one user namespace and none below it.
func TestForbiddenNamespacesAreNamed(t *testing.T) {
	needs.Root(t)
	if asUser(t) {
		return
	}
	// The limit is of this user namespace, not of the machine.
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := readNamespaces(t.Context(), []string{"/proc/self/exe", insideWord})
	if d := netnsState(t); !strings.Contains(f.ByUser.failure(), "no space left") ||
		!strings.Contains(d.Err, "no space left") {
		t.Errorf("%+v, the driver: %s", f.ByUser, d.Err)
	}
	if c := judgeUserNamespaces(f); c.Status != Warn ||
		!strings.Contains(c.Remedy, "sysctl -w user.max_user_namespaces=") {
		t.Errorf("%+v", c)
	}
}

// TestDoctorSaysWhatARunWouldMeet: a user whose /proc has a part hidden, as in
// many a container, can make namespaces and mount in them, but no /proc, and
// the driver needs one.
func TestDoctorSaysWhatARunWouldMeet(t *testing.T) {
	needs.Root(t)
	if asUser(t) {
		return
	}
	if err := syscall.Mount("tmpfs", "/proc/fs", "tmpfs", 0, "size=4k"); err != nil {
		t.Fatal(err)
	}
	f := readNamespaces(t.Context(), []string{"/proc/self/exe", insideWord})
	c := judgeDriver(netnsState(t), Findings{})
	if f.ByUser.failure() != "" || c.Status != Fail || !strings.Contains(c.Found, "a /proc of its own") {
		t.Errorf("%+v, though a user namespace came to %q", c, f.ByUser.failure())
	}
}

func netnsState(t *testing.T) DriverState {
	d, err := netns.New(t.Context())
	return stateOf("netns", d, err)
}

// asUser runs the calling test again, in a child whose root is one user's, and
// whose mounts are its own. It is false in that child.
func asUser(t *testing.T) bool {
	t.Helper()
	if os.Getenv("DOCTOR_CHILD") != "" {
		return false
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "DOCTOR_CHILD=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	}
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Errorf("%v\n%s", err, out)
	}
	return true
}

func TestInsideRefusesToRunOutside(t *testing.T) {
	if err := Inside(new(bytes.Buffer)); err == nil {
		t.Error("it ran in namespaces that are not its own")
	}
}

func mounts(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); f[4] == "/tmp" {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

func interfaces(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
