package docker

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// TestAbilitiesInAContainer: what needs no privilege is found there too, and
// nothing is left.
func TestAbilitiesInAContainer(t *testing.T) {
	cli := engine(t)
	d, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.Program = filepath.Join(t.TempDir(), "lab99")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", d.Program,
		"../../cmd/lab99")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build lab99: %v: %s", err, out)
	}
	used, err := d.agentImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, cli, used) })
	f, err := d.abilitiesInside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.HZ == nil || f.TimeWaitCountedAtCreation == nil || f.ScanTimeWaitNs == nil || *f.ScanTimeWaitNs == 0 {
		t.Errorf("found %+v", f)
	}
	if f.UserNamespaces == nil && !strings.Contains(f.Unknown["user_namespaces"], "container") {
		t.Errorf("unknown: %v", f.Unknown)
	}
	its := client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", labelVariant+"=abilities")}
	for by := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) { // it removes itself
		left, err := cli.ContainerList(t.Context(), its)
		if err != nil {
			t.Fatal(err)
		}
		if len(left.Items) == 0 {
			break
		}
		if time.Now().After(by) {
			t.Fatalf("left: %v", left.Items)
		}
	}
}
