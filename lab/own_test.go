package lab

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEachServerOfAFileHasAnAddress: K counts the servers that the user has, and a
// variant with more addresses keeps them.
func TestEachServerOfAFileHasAnAddress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nginx.conf")
	const text = `upstream app { server 10.0.0.1:80; server 10.0.0.2:80; server 10.0.0.1:80; server 10.0.0.9:80 backup; }
server { location / { proxy_pass http://app; } }`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := Applicable(resolve(t, "quick", "proxy.config="+file))
	want := map[string]int{"baseline": 2, "tw-reuse": 2, "multi-ip": 3}
	for _, v := range r.Variants {
		if got := v.Backend.Addresses; got != want[v.Name] {
			t.Errorf("%s has %d addresses, want %d", v.Name, got, want[v.Name])
		}
	}
	if len(r.Variants) != len(want) {
		t.Errorf("%d variants, want %d", len(r.Variants), len(want))
	}
}
