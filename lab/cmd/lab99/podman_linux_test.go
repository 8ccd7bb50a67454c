package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/podmantest"
	"github.com/lab99/lab99/lab/doctor"
	"github.com/lab99/lab99/results"
)

// onPodman has the commands of the test go to a Podman.
func onPodman(t *testing.T, s *podmantest.Service) *podmantest.Service {
	t.Helper()
	useEngine(t, s.Host)
	return s
}

// reproducesOn runs tiny with an address more than the engine gives, and all that the
// engine may differ in: it is named, the law holds, nothing is left.
func reproducesOn(t *testing.T, engine string) {
	i := start(t, "run", tiny, "--images", "local", "--set", "size.ports=50", "--set", "backend.addresses=2",
		"--set", "load.stop.after_error_99=500ms")
	code := exitStatus(i.cmd.Wait()) // on a busy machine the run may be invalid
	if code != "0" && code != "2" {
		t.Fatalf("exit code %s", code)
	}
	r, err := results.Open(i.dir(t))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.Env.Engine, "Podman ") || !strings.HasSuffix(r.Env.Engine, engine) {
		t.Errorf("env.json calls the engine %q", r.Env.Engine)
	}
	if v := r.Summary.Variants[0]; v.OK == nil || *v.OK != 100 || v.NginxLog.Error99 == 0 {
		t.Errorf("%s: %s: %v requests were answered before error 99, want 100", v.Verdict, v.Why, v.OK)
	}
	nothingLeft(t, 0, true)
	i.noJanitor(t, time.Second)
}

// noJanitor fails unless the process that clears up for a run ends within the time.
func (i *invocation) noJanitor(t *testing.T, within time.Duration) {
	t.Helper()
	for by := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		left := 0
		for _, pid := range processes(t) {
			b, _ := os.ReadFile("/proc/" + pid + "/cmdline") // it may be gone
			if strings.Contains(string(b), "engine-janitor\x00"+filepath.Base(i.dir(t))) {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(by) {
			t.Fatalf("%d of them are left after %v", left, within)
		}
	}
}

// killedOn ends the command under load by the signal that it cannot answer. The network
// goes too, unlike Docker's.
func killedOn(t *testing.T) {
	i := start(t, "run", tiny, "--images", "local")
	i.waitForLoad(t, 3)
	i.cmd.Process.Kill()
	i.cmd.Wait()
	nothingLeft(t, time.Minute, true)
	i.noJanitor(t, 10*time.Second)
}

// agentKilledOn ends the agents of a lab under load: the command says so, and clears up.
func agentKilledOn(t *testing.T) {
	for _, host := range []string{"load-tether", "proxy-probe", "backend-probe"} {
		t.Run(host, func(t *testing.T) {
			i := start(t, "run", tiny, "--images", "local")
			i.waitForLoad(t, 3)
			agent := containers(t, "name=lab99-"+filepath.Base(i.dir(t))+".*-"+host)
			if len(agent) != 1 {
				t.Fatalf("containers %q, want one", agent)
			}
			// The command may have removed it before Podman answers, which then knows no such container.
			out, err := onItsEngine(t, exec.Command("docker", "kill", agent[0])).CombinedOutput()
			t.Logf("docker kill: %v: %s", err, out)
			i.wait(t, "70")
			nothingLeft(t, 0, true)
			i.noJanitor(t, 10*time.Second)
		})
	}
}

// TestPodman is of root's Podman.
func TestPodman(t *testing.T) {
	onOwnEngine.turn(t)
	s := onPodman(t, podmantest.Root(t))
	t.Run("reproduces", func(t *testing.T) { reproducesOn(t, "overlay)") })
	t.Run("kill-9", killedOn)
	t.Run("agent-killed", agentKilledOn)
	t.Run("firewall", func(t *testing.T) {
		// As with Docker beside it.
		within(t, s.PID, "iptables -P FORWARD DROP")
		if out, err := exec.Command("nsenter", "-t", fmt.Sprint(s.PID), "-n",
			"cat", "/proc/sys/net/bridge/bridge-nf-call-iptables").Output(); err != nil || out[0] != '1' {
			t.Skip("frames of bridges do not pass the firewall here")
		}
		i := start(t, "run", tiny, "--images", "local")
		i.wait(t, "3")
		if got := i.stderr.String(); !strings.Contains(got, "packets between the lab's containers are lost") ||
			!strings.Contains(got, "iptables -I FORWARD -s 198.18.0.0/15 -d 198.18.0.0/15 -j ACCEPT") {
			t.Errorf("neither the reason nor the remedy: %s", got)
		}
		nothingLeft(t, 0, true)
	})
}

// TestPodmanRootless is of an ordinary user's, which is found without being named.
func TestPodmanRootless(t *testing.T) {
	onOwnEngine.turn(t)
	s := onPodman(t, podmantest.Rootless(t))
	t.Run("reproduces", func(t *testing.T) { reproducesOn(t, ", rootless)") })
	t.Run("kill-9", killedOn)
	t.Run("agent-killed", agentKilledOn)
	t.Run("found", func(t *testing.T) {
		path := binaryOf(t)
		home := t.TempDir()
		if err := os.MkdirAll(filepath.Join(home, "podman"), 0o700); err != nil {
			t.Fatal(err)
		}
		socket := filepath.Join(home, "podman", "podman.sock")
		if err := os.Symlink(strings.TrimPrefix(s.Host, "unix://"), socket); err != nil {
			t.Fatal(err)
		}
		const alone = `for s in /run/docker.sock /run/podman/podman.sock; ` +
			`do [ ! -e $s ] || mount --bind /dev/null $s; done; exec "$@"`
		cmd := exec.Command("sh", "-ec", alone, "sh", path, "doctor", "--json")
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home}
		out, err := cmd.Output()
		var r doctor.Report
		if jerr := json.Unmarshal(out, &r); jerr != nil {
			t.Fatalf("%v, %v: %s", err, jerr, out)
		}
		c := r.Checks[0]
		if !strings.HasPrefix(c.Found, "Podman ") || !strings.HasSuffix(c.Found, ", rootless) at unix://"+socket) {
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.Found)
		}
	})
}
