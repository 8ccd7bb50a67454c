package lab

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/scenarios"
)

// TestFixesThatCannotBeAppliedAreLeftOut: the pool is nginx's own matter, and
// with a configuration of the user's own the variant would be the baseline
// under another name.
func TestFixesThatCannotBeAppliedAreLeftOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.conf")
	filetest.Write(t, file, "events {}\nhttp { server { location / { proxy_pass http://app:80; } } }\n")
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

// TestMoreSourcesThanTheLabHas: a lab's proxy has no more addresses than a scenario
// may ask for.
func TestMoreSourcesThanTheLabHas(t *testing.T) {
	var conf strings.Builder
	conf.WriteString("events {}\nhttp {\n split_clients $remote_port $from {\n")
	for i := range 99 {
		fmt.Fprintf(&conf, "  1%% 10.1.0.%d;\n", i)
	}
	conf.WriteString("  * 10.1.0.99;\n }\n server { location / { proxy_bind $from; " +
		"proxy_pass http://10.0.0.1; } }\n}\n")
	file := filepath.Join(t.TempDir(), "nginx.conf")
	filetest.Write(t, file, conf.String())
	r, notes := Applicable(resolve(t, "quick", "proxy.config="+file))
	if n := r.Variants[0].Proxy.Addresses; n != 64 ||
		!strings.Contains(strings.Join(notes, "\n"), "names 100 source addresses") {
		t.Errorf("%d addresses; %q", n, notes)
	}
}

// TestTheReleaseThatIsFoundCounts, and not the one that is asked for: a bare pass of
// nginx 1.22 makes a race, one of 1.30 does not.
func TestTheReleaseThatIsFoundCounts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nginx.conf")
	filetest.Write(t, file, "events {}\nhttp { server { location / { proxy_pass http://app:80; } } }\n")
	r := Understand(resolve(t, "quick", "proxy.config="+file, "proxy.image=nginx:1.30"), func(scenarios.Variant) string { return "1.22.1" })
	if v := withDefaults(r.Variants[0]); v.Own.Release != "1.22.1" || !race(v) {
		t.Errorf("%+v", v.Own)
	}
}

// TestOneOfEqualsIsLeft: where nothing but the pool tells variants apart, the first
// is run, as the file has it.
func TestOneOfEqualsIsLeft(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nginx.conf")
	filetest.Write(t, file, "events {}\nhttp { server { location / { proxy_pass https://app; } } }\n")
	r := resolve(t, "quick", "proxy.config="+file)
	r.Variants = slices.DeleteFunc(r.Variants, func(v scenarios.Variant) bool { return v.Name != "keepalive" })
	r, notes := Applicable(r)
	if len(r.Variants) != 1 || !r.Variants[0].Backend.Secure() ||
		strings.Contains(strings.Join(notes, "\n"), "is left out") {
		t.Errorf("%+v; %q", r.Variants, notes)
	}
}

// TestAMoveHasTheSameBackends: a proxy that a user's file is compared with gets as many
// backends as the file has, and the file's pool is its own.
func TestAMoveHasTheSameBackends(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nginx.conf")
	conf := "events {}\nhttp { upstream app { server 10.0.0.1; server 10.0.0.2; server 10.0.0.3; }\n" +
		" server { location / { proxy_pass http://app; } } }\n"
	filetest.Write(t, file, conf)
	r, notes := AdaptToOverrides(resolved(t, "migrate", "quick", "from="+file, "to=haproxy"))
	for i, v := range r.Variants {
		if kind := v.Proxy.Kind; v.Backend.Addresses != 3 || (kind == "haproxy") != (i > 0) || v.OwnConfig() != (i == 0) {
			t.Errorf("%s: %s with %d backends", v.Name, kind, v.Backend.Addresses)
		}
	}
	if r.Variants[0].Proxy.Keepalive != 0 ||
		!strings.Contains(strings.Join(notes, "\n"), "after, after-pool: with 3 backends") {
		t.Errorf("a pool of %d; %q", r.Variants[0].Proxy.Keepalive, notes)
	}
}
