package cli

import (
	"io"
	"testing"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/scenarios"
)

// TestConfigsOfEveryScenario: `lab99 plan` can print every built-in scenario,
// whatever its backend is.
func TestConfigsOfEveryScenario(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		r, err := s.Resolve("", nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := lab.Plan(r, "docker", 2, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := printConfigs(io.Discard, r, p, imagesFound{}); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
