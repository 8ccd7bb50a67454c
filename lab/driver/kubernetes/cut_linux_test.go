package kubernetes

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
)

// kubeletKilled: a node whose kubelet is dead cuts the way to its agents, and its containers
// run on. The command says so and deletes the pods; what the node still runs of them goes
// with the kubelet's return.
func kubeletKilled(t *testing.T, c *cluster) {
	for _, n := range c.Nodes {
		t.Run(n.Name, func(t *testing.T) {
			cmd, said := underLoad(t, c, one)
			if err := n.KillKubelet(); err != nil {
				t.Fatal(err)
			}
			ends(t, c, cmd, said, "agent on host", "it broke off, as it does when the pod's kubelet")
			began := time.Now()
			eventually(t, time.Minute, func() bool { return len(n.Processes("/pause")) == 0 }) // each pod has one
			t.Logf("the node has no pod %v later", time.Since(began).Round(100*time.Millisecond))
			eventually(t, time.Minute, func() bool { return c.nodeReady(t, n.Name) })
		})
	}
}

// nodeReady says whether the node's kubelet has come back since it was killed: it has a port
// that it answers at.
func (c *cluster) nodeReady(t *testing.T, node string) bool {
	t.Helper()
	return c.Get(t.Context(), "/api/v1/nodes/"+node+"/proxy/configz", new(map[string]any)) == nil
}

// cutForSeconds loses what the command and the API server say to each other for less than
// silence is. The agents measure on, and what they had to say comes late: the run is as one
// without a cut, with the clocks' bound stated, or it is invalid and says why.
func cutForSeconds(t *testing.T, c *cluster) {
	runs := t.TempDir()
	cmd, said := underLoadIn(t, c, one, runs)
	cut(t, c, 8*time.Second)
	err := cmd.Wait()
	t.Logf("%v: %s", err, said)
	r, rerr := results.Open(filepath.Join(runs, "latest"))
	if rerr != nil {
		t.Fatal(rerr)
	}
	v := r.Summary.Variants[0]
	t.Logf("%s: %s", v.Verdict, v.Why)
	switch code := exitCode(err); {
	case code == verdict.ExitAsExpected && v.Verdict == law.Reproduced && *v.AsExpected:
		knowsClocks(t, r, 2) // one fell into the cut
	case code == verdict.ExitUndecided && v.Verdict == law.Invalid && v.Why != "":
	default:
		t.Errorf("exit code %d and %s", code, v.Verdict)
	}
	nothingLeft(t, c, 10*time.Second)
}

// cutForGood: pods whose agents hear nothing end, whether the command can be told of it or
// not; the command gives up, and says what it could not do.
func cutForGood(t *testing.T, c *cluster) {
	cmd, said := underLoad(t, c, one)
	join, err := c.Cut()
	if err != nil {
		t.Fatal(err)
	}
	defer join()
	began := time.Now()
	nothingLeft(t, c, time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the command goes on: %s", said)
	}
	t.Logf("exit code %d, %v after the cut: %s", exitCode(err), time.Since(began).Round(time.Second), said)
	if exitCode(err) != verdict.ExitInternal {
		t.Errorf("exit code %d", exitCode(err))
	}
	for _, w := range []string{"the way to its node is cut", "lab99 clean --driver kubernetes"} {
		if !strings.Contains(said.String(), w) {
			t.Errorf("it does not say %q", w)
		}
	}
	if err := join(); err != nil {
		t.Fatal(err)
	}
	out, err := c.command(t, "clean", "--driver", "kubernetes").CombinedOutput()
	if err != nil || strings.Contains(string(out), "removed") {
		t.Errorf("clean: %v: %s", err, out)
	}
}

// cut is one of so long.
func cut(t *testing.T, c *cluster, long time.Duration) {
	t.Helper()
	join, err := c.Cut()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(long)
	if err := join(); err != nil {
		t.Fatal(err)
	}
}
