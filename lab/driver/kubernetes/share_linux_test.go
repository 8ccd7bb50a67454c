//go:build soak

package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/kubecluster"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/results"
)

// offersMore: of a rate that is too much for a load pod with so little processor time, two
// such pods offer all.
func offersMore(t *testing.T, c *cluster) {
	const share = 0.1 // of one processor, for each load pod
	runs := t.TempDir()
	cmd := c.run(t, "testdata/share.yaml", runs, "--nodes", "load=n1,load-2=n2,proxy=n2,backend=n1")
	cmd.Stderr = os.Stderr
	done := make(chan struct{})
	var out []byte
	go func() { defer close(done); out, _ = cmd.Output() }() // that one alone is late is what is to be shown
	throttled, pods := map[int]bool{}, map[string]bool{}     // a pod's first agent prepares it
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(100 * time.Millisecond):
			for _, n := range c.Nodes {
				for _, pid := range n.Processes(image.AgentProgram, "agent") {
					pod := podOf(pid)
					if throttled[pid] || !strings.Contains(pod, "-load") {
						continue
					}
					if err := kubecluster.Throttle(pid, share); err != nil {
						t.Logf("%s: %v", pod, err) // it has ended
						continue
					}
					throttled[pid], pods[pod] = true, true
				}
			}
		}
	}
	t.Logf("%s", out)
	if len(pods) != 3 {
		t.Fatalf("the load pods %v had their processor time limited, want one and two", pods)
	}
	nothingLeft(t, c, 10*time.Second)
	offered := map[string]float64{}
	for _, name := range []string{"one", "two"} {
		var totals results.Totals
		read(t, filepath.Join(runs, "latest", name, results.TotalsFile), &totals)
		offered[name] = float64(totals.Sent) / totals.LoadSeconds()
		t.Logf("%s: %d of %d requests sent in %.3f s: %v", name, totals.Sent, totals.Scheduled, totals.LoadSeconds(), totals.SentBy)
		if name == "two" && totals.Sent != totals.Scheduled {
			t.Errorf("two pods have sent %d of %d requests", totals.Sent, totals.Scheduled)
		}
	}
	if offered["two"] < 1.2*offered["one"] {
		t.Errorf("two pods offered %.0f requests a second, one %.0f", offered["two"], offered["one"])
	}
}

// podOf is the name of the pod that a process is in, as its host is called.
func podOf(pid int) string {
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	for _, v := range strings.Split(string(env), "\x00") {
		if name, ok := strings.CutPrefix(v, "HOSTNAME="); ok {
			return name
		}
	}
	return ""
}
