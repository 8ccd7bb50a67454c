//go:build soak

package kubernetes

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestSoakCluster runs scenarios whose lessons want what a lab's network has to give:
// several backends, several sources, pools, a slow backend, a sysctl that is not safe. The
// main one is of the standard size.
func TestSoakCluster(t *testing.T) {
	c := withImages(t)
	grant(t, c, "default")
	for _, args := range [][]string{
		{"port-exhaustion", "--size", "standard"}, {"keepalive-size"}, {"tw-reuse-ceiling"}, {"backend-ips"},
		{"source-ips"}, {"peer-ejection"},
		{"slow-backend"},
	} {
		t.Run(args[0], func(t *testing.T) {
			cmd := c.run(t, args[0], t.TempDir(), args[1:]...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			t.Logf("%s", out)
			if err != nil {
				t.Errorf("%v", err)
			}
			nothingLeft(t, c, 10*time.Second)
		})
	}
}

// TestSoakKills kills the command at 30 random moments of a run, and has nothing left of any
// a minute after the last. No run sweeps away what another left: they cannot tell whether
// its command lives, as if they were on other machines.
func TestSoakKills(t *testing.T) {
	c := withImages(t)
	grant(t, c, "default")
	c.within = []string{"unshare", "--pid", "--fork", "--kill-child"}
	rnd := rand.New(rand.NewPCG(99, 99))
	for range 30 {
		cmd, _ := c.start(t, one, t.TempDir())
		after := time.Duration(rnd.Int64N(int64(8 * time.Second)))
		time.Sleep(after)
		kill(t, cmd.Process.Pid)
		cmd.Wait()
		t.Logf("killed after %v: %v", after.Round(10*time.Millisecond), c.left(t))
	}
	nothingLeft(t, c, time.Minute)
}
