package uwsgi

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// TestUWSGIReadsItsConfiguration asks the real one, which serves in TestOtherProtocolsRunOut.
func TestUWSGIReadsItsConfiguration(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	v := scenarios.Variant{Backend: scenarios.Backend{Kind: "uwsgi", Addresses: 1, Ports: 2}}
	at := proxy.Example(v)
	at.Program, at.Dir = program, t.TempDir()
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at.Dir, c.File), c.Text, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(c.Text), "\nsocket = 192.0.2.128:"); got != 2 {
		t.Errorf("%d sockets:\n%s", got, c.Text)
	}
	self, err := Kind{}.ReadBack(v, c, func(args ...string) (string, error) {
		out, err := exec.Command(c.Command[0], append(c.Command[1:], args...)...).CombinedOutput()
		return string(out), err
	})
	if err != nil || !strings.HasPrefix(self.Version, "2.") {
		t.Errorf("it says that it is %+v, %v", self, err)
	}
}

func TestAFullBacklogIsALimit(t *testing.T) {
	const line = "Mon Nov 30 17:45:04 2026 - *** uWSGI listen queue of socket \"0.0.0.0:80\" (fd: " +
		"3) full !!! (101/100) ***\n"
	var v scenarios.Variant
	if got := (Kind{}).ReachedLimit(v, "started\n"+line); !strings.Contains(got, "(101/100)") {
		t.Errorf("%q", got)
	}
	if v.Backend.MaxWorkers = 1; (Kind{}).ReachedLimit(v, line) != "" {
		t.Error("a scenario about that limit is refused")
	}
}
