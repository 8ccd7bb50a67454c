package phpfpm

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// variant is one with two listeners.
func variant() scenarios.Variant {
	v := scenarios.Variant{Backend: scenarios.Backend{Kind: "php-fpm", Addresses: 1, Ports: 2}}
	v.Proxy.Workers = 1
	return v
}

// TestPHPFPMAcceptsItsConfiguration asks the real one.
func TestPHPFPMAcceptsItsConfiguration(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	v := variant()
	at := proxy.Example(v)
	at.Program, at.Dir = program, t.TempDir()
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, filepath.Join(at.Dir, c.File), c.Text)
	run := func(args ...string) (string, error) {
		out, err := exec.Command(c.Command[0], append(c.Command[1:], args...)...).CombinedOutput()
		return string(out), err
	}
	if out, err := run("-t"); err != nil {
		t.Errorf("%v: %s\n%s", err, out, c.Text)
	}
	if self, err := (Kind{}).ReadBack(v, c, run); err != nil || !strings.HasPrefix(self.Version, "8.") {
		t.Errorf("it says that it is %+v, %v", self, err)
	}
}

// TestAPoolHasAProcessForEachConnection: or requests wait for one that is bound to another's.
func TestAPoolHasAProcessForEachConnection(t *testing.T) {
	v := variant()
	for _, tc := range []struct {
		keepalive, workers, most int
		keepConn                 bool
		want                     string
	}{
		{20, 2, 0, true, "pm.max_children = 56"}, {20, 2, 0, false, "pm.max_children = 16"},
		{20, 2, 5, true, "pm.max_children = 5"},
	} {
		v.Proxy.Keepalive, v.Proxy.Workers, v.Proxy.KeepConn, v.Backend.MaxWorkers = tc.keepalive, tc.workers, tc.keepConn, tc.most
		c, err := Kind{}.Configure(v, proxy.Example(v))
		if err != nil || strings.Count(string(c.Text), tc.want+"\n") != 2 {
			t.Errorf("%+v: %v\n%s", tc, err, c.Text)
		}
	}
}
