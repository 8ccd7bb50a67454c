package memcached

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// TestMemcachedTakesItsCommandLine asks the real one, which serves in TestOtherProtocolsRunOut.
func TestMemcachedTakesItsCommandLine(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	v := scenarios.Variant{Backend: scenarios.Backend{Kind: "memcached", Addresses: 1, Ports: 2}}
	at := proxy.Example(v)
	at.Program = program
	c, err := Kind{}.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(c.Command, "192.0.2.128:8080,192.0.2.128:8081") {
		t.Errorf("%q", c.Command)
	}
	self, err := Kind{}.ReadBack(v, c, func(args ...string) (string, error) {
		out, err := exec.Command(c.Command[0], append(c.Command[1:], args...)...).CombinedOutput()
		return string(out), err
	})
	if err != nil || !strings.HasPrefix(self.Version, "1.") {
		t.Errorf("it says that it is %+v, %v", self, err)
	}
}
