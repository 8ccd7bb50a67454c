package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFixesThatCannotBeAppliedAreLeftOut: the pool is nginx's own matter, and
// with a configuration of the user's own the variant would be the baseline
// under another name.
func TestFixesThatCannotBeAppliedAreLeftOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.conf")
	if err := os.WriteFile(file, []byte("events {}\nhttp { server { location / { proxy_pass http://app:80; } } }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, notes := Applicable(resolve(t, "quick", "proxy.config="+file))
	var names []string
	for _, v := range r.Variants {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "baseline tw-reuse multi-ip" {
		t.Errorf("variants %s", got)
	}
	if len(notes) != 2 || !strings.Contains(notes[1], "keepalive is left out") {
		t.Errorf("notes %q", notes)
	}
	if r, notes := Applicable(resolve(t, "quick")); len(r.Variants) != 4 || notes != nil {
		t.Errorf("the lab's own configuration: %d variants, notes %q", len(r.Variants), notes)
	}
}
