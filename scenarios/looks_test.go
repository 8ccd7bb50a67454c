package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLooksLike: a configuration is known for its kind's or for no kind's, never for
// another's. Those that kinds are tested with are as people have them.
func TestLooksLike(t *testing.T) {
	known := map[string]int{}
	for pattern, kind := range map[string]string{
		"nginxconf/testdata/*.conf":                   "nginx",
		"../lab/proxy/nginx/testdata/own/*.conf":      "nginx",
		"haproxyconf/testdata/*.cfg":                  "haproxy",
		"../lab/proxy/haproxy/testdata/*.cfg":         "haproxy",
		"../lab/cmd/lab99/testdata/*-haproxy.cfg":     "haproxy",
		"../lab/proxy/httpd/testdata/own/*.conf":      "httpd",
		"../lab/proxy/httpd/testdata/own/*/a*.conf":   "httpd",
		"../lab/proxy/varnish/testdata/own/*.vcl":     "varnish",
		"../lab/proxy/caddy/testdata/own/*.caddyfile": "caddy",
		"../lab/proxy/squid/testdata/own/*.conf":      "squid",
		"../lab/proxy/squid/testdata/own/*/s*.conf":   "squid",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			switch got := LooksLike(text); got {
			case kind:
				known[kind]++
			case "":
				t.Logf("%s: nobody knows it", f)
			default:
				t.Errorf("%s looks like a configuration of %s", f, got)
			}
		}
	}
	for kind, least := range map[string]int{"nginx": 20, "haproxy": 4, "httpd": 3, "varnish": 3, "caddy": 3, "squid": 2} {
		if known[kind] < least {
			t.Errorf("%d files of %s are known, want %d", known[kind], kind, least)
		}
	}
	for _, text := range []string{"", "# vcl 4.1;\n", "\x00", "vcl 4.1;\nhttp {\n"} {
		if got := LooksLike([]byte(text)); got != "" {
			t.Errorf("%q looks like a configuration of %s", text, got)
		}
	}
}

// TestOfAnotherKind: what is wrong with a file that another kind has says which, and the
// argument that it names leads to one that resolves.
func TestOfAnotherKind(t *testing.T) {
	files := map[string]string{
		"haproxy": "../lab/cmd/lab99/testdata/own-http-haproxy.cfg",
		"httpd":   "../lab/cmd/lab99/testdata/own-kinds/httpd/each.conf",
		"varnish": "../lab/cmd/lab99/testdata/own-kinds/varnish/default.vcl",
		"caddy":   "../lab/cmd/lab99/testdata/own-kinds/caddy/bare.caddyfile",
		"squid":   "../lab/cmd/lab99/testdata/own-kinds/squid/pool.conf",
		"nginx":   "../lab/cmd/lab99/testdata/own-nginx.conf",
	}
	for _, c := range []struct{ scenario, key, as, says string }{
		{"migrate", "from", "from-kind", "--set from-kind="},
		{"same-host", "proxy.config", "proxy.kind", "--set proxy.kind="},
		{"same-host", "variants.default.proxy.config", "variants.default.proxy.kind", "--set variants.default.proxy.kind="},
		// proxy.kind would have its variants for nginx alone refused.
		{"port-exhaustion", "proxy.config", "", "`lab99 plan migrate --set from="},
	} {
		s, err := Load(c.scenario)
		if err != nil {
			t.Fatal(err)
		}
		for kind, file := range files {
			set := []string{c.key + "=" + file}
			if kind == "nginx" {
				continue
			}
			_, err := s.Resolve("quick", set)
			if err == nil || !strings.Contains(err.Error(), file+":") || !strings.Contains(err.Error(), " of "+kind+": "+c.says) {
				t.Errorf("%s %v: %v", c.scenario, set, err)
			}
			if c.as == "" {
				continue
			}
			if _, err := s.Resolve("quick", append(set, c.as+"="+kind)); err != nil {
				t.Errorf("%s: the hint for a file of %s is of no use: %v", c.scenario, kind, err)
			}
		}
	}
	many := "apiVersion: lab99/v1\nname: many\nkind: failure\ntitle: many\nproxy: {config: haproxy.cfg}\n" +
		"sizes: {quick: {ports: 100, rate: 100, duration: 1s}}\nvariants:\n"
	for i := range 12 { // each is tried once, and not with each of the others
		many += fmt.Sprintf("  - {name: v%d, title: one}\n", i)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"many.yaml": many, "haproxy.cfg": "global\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(filepath.Join(dir, "many.yaml")); err == nil || !strings.Contains(err.Error(), "from-kind=haproxy") {
		t.Errorf("a scenario with many of them: %v", err)
	}
	s, err := Load("migrate")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Resolve("quick", []string{"from=" + files["nginx"], "from-kind=haproxy"})
	if err == nil || !strings.Contains(err.Error(), "--set from-kind=nginx") {
		t.Errorf("an nginx.conf for HAProxy: %v", err)
	}
}
