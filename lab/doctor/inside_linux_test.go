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
)

// insideWord makes the test binary the child that Examine starts.
const insideWord = "inside"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == insideWord {
		if err := Inside(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
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
	if why := f.ByUser.failure(); why != "" && f.Switches["user.max_user_namespaces"] != "0" {
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
	if os.Getenv("DOCTOR_CHILD") == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestForbiddenNamespacesAreNamed$", "-test.v")
		cmd.Env = append(os.Environ(), "DOCTOR_CHILD=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
		}
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	// The limit is of this user namespace, not of the machine.
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := readNamespaces(t.Context(), []string{"/proc/self/exe", insideWord})
	if !strings.Contains(f.ByUser.failure(), "no space left") || f.Switches["user.max_user_namespaces"] != "0" {
		t.Errorf("%+v, switches %v", f.ByUser, f.Switches)
	}
	if c := judgeUserNamespaces(f); c.Status != Warn || !strings.Contains(c.Remedy, "user.max_user_namespaces is 0") {
		t.Errorf("%+v", c)
	}
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
