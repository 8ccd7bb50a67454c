// Package podmantest gives a test a real Podman of its own: its service, as root or as
// an ordinary user, with storage, networks and state in a directory of the test's, and
// in network and mount namespaces of its own, so that a Docker's firewall is not in its
// way and nothing of it stays. Package needs says whether there can be one.
package podmantest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// Service is a running service.
type Service struct {
	Host string // its address, for DOCKER_HOST
	Dir  string // all that it has
	PID  int    // in the network namespace of its bridges

	cmd  *exec.Cmd
	said *bytes.Buffer // what it printed, to be read when it has ended
	done chan struct{} // closed then
}

// rootless is run as root in a mount namespace of its own. It gives a user, nobody,
// what an administrator would: a range of user IDs, and the devices of tunnels and FUSE.
const rootless = `
	dir=$1; shift
	chown 65534:65534 "$dir" "$dir/home" "$dir/run"
	echo nobody:100000:65536 >"$dir/ids"
	for f in /etc/subuid /etc/subgid; do [ -e $f ] || : >$f; mount --bind "$dir/ids" $f; done
	mount -t tmpfs -o mode=755 tmpfs "$dir/dev"
	mknod -m 666 "$dir/dev/tun" c 10 200; mount --bind "$dir/dev/tun" /dev/net/tun
	mknod -m 666 "$dir/dev/fuse" c 10 229; mount --bind "$dir/dev/fuse" /dev/fuse
	mount --make-rshared /
	exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`

// rootful hides the two directories of the machine's that root's Podman uses besides
// those it is told.
const rootful = `
	for d in /run/containers /var/lib/containers; do mkdir -p $d; mount -t tmpfs tmpfs $d; done
	shift; exec "$@"`

// Root starts a service of root's.
func Root(t testing.TB) *Service { return start(t, false) }

// Rootless starts one of an ordinary user's.
func Rootless(t testing.TB) *Service { return start(t, true) }

// start has it answer.
func start(t testing.TB, asUser bool) *Service {
	t.Helper()
	needs.Podman(t)
	// Not t.TempDir: a socket's path is short, and the user must get in.
	dir, err := os.MkdirTemp("", "podman-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{Dir: dir, said: new(bytes.Buffer), done: make(chan struct{})}
	s.Host = "unix://" + filepath.Join(dir, "run", "podman.sock")
	for _, sub := range []string{"home", "run", "dev"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(dir, "containers.conf")
	if err := os.WriteFile(conf, []byte(settings(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"podman"}
	script := rootless
	if !asUser {
		script = rootful
		for _, f := range []string{"root", "runroot", "tmpdir", "network-config-dir"} {
			args = append(args, "--"+f, filepath.Join(dir, f))
		}
	}
	args = append([]string{"-ec", script, "sh", dir}, args...)
	s.cmd = exec.Command("sh", append(args, "system", "service", "--time", "0", s.Host)...)
	s.cmd.Dir = "/"
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CONTAINERS_CONF=" + conf,
		"HOME=" + filepath.Join(dir, "home"), "XDG_RUNTIME_DIR=" + filepath.Join(dir, "run")}
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	s.cmd.WaitDelay = time.Second // a helper of its may outlive it, and holds the pipe
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.PID = s.cmd.Process.Pid
	go func() { s.cmd.Wait(); close(s.done) }()
	t.Cleanup(func() { s.stop(t) })
	s.answers(t)
	return s
}

// settings let containers start where this process may not raise its own limits.
func settings(t testing.TB) string {
	t.Helper()
	text := "[containers]\ndefault_ulimits = ["
	for name, which := range map[string]int{"nofile": unix.RLIMIT_NOFILE, "nproc": unix.RLIMIT_NPROC} {
		var l unix.Rlimit
		if err := unix.Getrlimit(which, &l); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("%q, ", fmt.Sprintf("%s=%[2]d:%[2]d", name, min(l.Cur, 20000)))
	}
	text += "]\n[engine]\nexit_command_delay = 1\n"  // a monitor outlives each exec by five minutes otherwise
	if _, err := exec.LookPath("runc"); err == nil { // crun refuses hybrid cgroups
		text += "runtime = \"runc\"\n"
	}
	return text
}

func (s *Service) answers(t testing.TB) {
	t.Helper()
	for deadline := time.After(30 * time.Second); ; {
		cmd := exec.Command("docker", "version")
		cmd.Env = append(os.Environ(), "DOCKER_HOST="+s.Host)
		if cmd.Run() == nil {
			return
		}
		select {
		case <-s.done:
			t.Fatalf("podman system service ended:\n%s", s.said)
		case <-deadline:
			t.Fatal("podman system service does not answer")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the service and its process group, to which the helpers belong that it
// has started, and removes what it had. A container that still runs ends with it.
func (s *Service) stop(t testing.TB) {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(30 * time.Second):
		t.Error("podman system service does not stop")
	}
	syscall.Kill(-s.PID, syscall.SIGKILL)
	// A process that holds a user's namespaces outlives the service.
	if b, err := os.ReadFile(filepath.Join(s.Dir, "run", "libpod", "tmp", "pause.pid")); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && pid > 1 {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	for by := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := os.RemoveAll(s.Dir)
		if err == nil {
			return
		}
		if time.Now().After(by) {
			t.Error(err)
			return
		}
	}
}
