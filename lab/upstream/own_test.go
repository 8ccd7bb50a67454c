package upstream_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// behind is a backend that speaks a protocol of this file's own.
type behind struct{}

func (behind) Name() string   { return "behind" }
func (behind) Title() string  { return "Behind" }
func (behind) Speaks() string { return "tiny" }

func (behind) Configure(scenarios.Variant, proxy.Site) (proxy.Config, error) {
	return proxy.Config{Command: []string{"behind"}}, nil
}

// TestAProtocolIsOneValue: with a backend that speaks it, it goes from a scenario to nginx's
// configuration and to the prediction, and no other file knows of either.
func TestAProtocolIsOneValue(t *testing.T) {
	upstream.Add(upstream.Protocol{
		Name:   "tiny",
		Lines:  func(scenarios.Variant, string) []string { return []string{"tiny_param A b;"} },
		Ending: func(scenarios.Variant) law.Ending { return law.Ending{} },
		Pool:   results.Pool{Lines: "`keepalive N;` for tiny_pass", Risk: "None to speak of."},
	})
	proxy.RegisterBackend(behind{}, nil, "")
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	text := "{apiVersion: lab99/v1, name: of-its-own, ports: 300, rate: 150, duration: 4s,\n" +
		"upstream: {protocol: tiny}, proxy: {keepalive: 20}, backend: {kind: behind}, variants: [{name: baseline}]}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve("", nil)
	if err != nil {
		t.Fatal(err)
	}
	v := r.Variants[0]
	c, err := proxy.Of(v).Configure(v, proxy.Example(v))
	if err != nil || !strings.Contains(string(c.Text), "tiny_param A b;\n            tiny_pass lab99;") {
		t.Errorf("%v\n%s", err, c.Text)
	}
	p, err := lab.Plan(r, "netns", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Variants[0]; got.Setup.CloseShare != 0 || got.Predicted.FirstError99S != nil || got.Backend != "Behind" {
		t.Errorf("f = %g, first error 99 %v, behind nginx is %q",
			got.Setup.CloseShare, got.Predicted.FirstError99S, got.Backend)
	}
}
