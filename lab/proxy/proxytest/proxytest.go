// Package proxytest has real proxies read what their templates make.
package proxytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is one that has policies.
type Kind interface {
	proxy.Kind
	proxy.Governed
}

// TakesEachPolicy has a program of the kind check the configuration of each policy, for two
// backends. check are the arguments by which it only does that, and bad says whether
// what it printed is a complaint that its exit status does not tell.
func TakesEachPolicy(t *testing.T, k Kind, program string, template *scenarios.ConfigFile,
	bad func(printed string) bool, check ...string,
) {
	t.Helper()
	for _, p := range k.Policies() {
		v := scenarios.Variant{
			Proxy:     scenarios.Proxy{Kind: k.Name(), Policy: p.Name, Workers: 1, Addresses: 1},
			Backend:   scenarios.Backend{Addresses: 2, Ports: 1},
			ProxyFile: template,
		}
		at := proxy.Example(v)
		at.Program, at.Dir = program, t.TempDir()
		c, err := k.Configure(v, at)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at.Dir, c.File), c.Text, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), c.Command[0], append(c.Command[1:], check...)...).CombinedOutput()
		if err != nil || bad(string(out)) {
			t.Errorf("%s: %v\n%s\n%s", p.Name, err, out, c.Text)
		}
	}
}
