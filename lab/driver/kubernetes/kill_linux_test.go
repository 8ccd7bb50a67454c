package kubernetes

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
)

// killed ends the command while it is under load, by the signal that nobody can answer. Before
// that, its proxy's node is looked at, in a cluster of the test's own.
func killed(t *testing.T, c *cluster) {
	cmd, _ := underLoad(t, c, "port-exhaustion")
	if c.Cluster != nil {
		t.Run("diagnose", func(t *testing.T) { diagnosed(t, c.Cluster) })
	}
	kill(t, cmd.Process.Pid) // nsenter has become the command
	nothingLeft(t, c, time.Minute)
}

// agentKilled: the command notices, says whose it was, and takes the lab away.
func agentKilled(t *testing.T, c *cluster) {
	cmd, said := underLoad(t, c, one)
	var agents []int
	for _, n := range c.Nodes {
		agents = append(agents, n.Processes(image.AgentProgram, "agent")...)
	}
	if len(agents) != 3 {
		t.Fatalf("agents: %v", agents)
	}
	kill(t, agents[0])
	ends(t, c, cmd, said, "agent on host", "ended by itself")
}

// nodeKilled: of a node that is off nobody hears any more. Its pods are deleted all the
// same, without its word.
func nodeKilled(t *testing.T, c *cluster) {
	cmd, said := underLoad(t, c, one)
	if err := c.Nodes[0].Kill(); err != nil {
		t.Fatal(err)
	}
	ends(t, c, cmd, said, "ended by itself")
}

// ends waits for the end of a command whose lab has died, with nothing left.
func ends(t *testing.T, c *cluster, cmd *exec.Cmd, said *bytes.Buffer, want ...string) {
	t.Helper()
	began := time.Now()
	code := exitCode(cmd.Wait())
	took := time.Since(began)
	t.Logf("exit code %d after %v: %s", code, took.Round(10*time.Millisecond), said)
	if code != verdict.ExitInternal || took > 30*time.Second {
		t.Errorf("exit code %d after %v", code, took)
	}
	for _, w := range want {
		if !strings.Contains(said.String(), w) {
			t.Errorf("it does not say %q", w)
		}
	}
	nothingLeft(t, c, 10*time.Second)
}

// clean removes what a cluster keeps whose controllers are dead, all but what nobody else
// may remove, and that is gone when they are back.
func clean(t *testing.T, c *cluster) {
	cmd, _ := underLoad(t, c, one)
	thaw, err := c.Freeze("kube-controller-manager")
	if err != nil {
		t.Fatal(err)
	}
	defer thaw()
	kill(t, cmd.Process.Pid)
	cmd.Wait()
	if left := c.left(t); len(left) != 4 {
		t.Fatalf("left to clean: %v", left)
	}
	out, err := c.command(t, "clean", "--driver", "kubernetes").CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("clean: %v", err)
	}
	for _, w := range []string{"removed Job lab99-", "-proxy (run", "-backend (run", "kept pod lab99-",
		"when its controllers run again"} {
		if !strings.Contains(string(out), w) {
			t.Errorf("clean does not say %q", w)
		}
	}
	if left := c.left(t); len(left) != 1 {
		t.Errorf("left by clean: %v", left)
	}
	thaw()
	nothingLeft(t, c, 10*time.Second)
}

// one is a scenario of one variant, for how a lab ends.
const one = "testdata/one.yaml"

// start starts a run.
func (c *cluster) start(t *testing.T, scenario, runs string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd, said := c.run(t, scenario, runs), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, said
}

// underLoad is a run whose first variant is.
func underLoad(t *testing.T, c *cluster, scenario string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	return underLoadIn(t, c, scenario, t.TempDir())
}

// underLoadIn is the same with the directory of its results.
func underLoadIn(t *testing.T, c *cluster, scenario, runs string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd, said := c.start(t, scenario, runs)
	eventually(t, 30*time.Second, func() bool {
		files, _ := filepath.Glob(filepath.Join(runs, "*", "*", results.SamplesFile))
		for _, f := range files {
			if b, _ := os.ReadFile(f); strings.Count(string(b), `"load":{`) >= 3 {
				return true
			}
		}
		return false
	})
	return cmd, said
}

func eventually(t *testing.T, within time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it has not come to it in %v", within)
		}
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
