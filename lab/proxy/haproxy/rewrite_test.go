package haproxy

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/proxytest"
	"github.com/lab99/lab99/scenarios"
)

// ownVariant is one with a configuration of the user's own.
func ownVariant(label string, text []byte, addresses int) scenarios.Variant {
	return scenarios.Variant{
		Proxy:     scenarios.Proxy{Kind: "haproxy", Config: label, Workers: 1, Addresses: 1},
		Backend:   scenarios.Backend{Addresses: addresses, Ports: 1},
		ProxyFile: &scenarios.ConfigFile{Name: label, Label: label, Text: text},
	}
}

// TestOwn holds what becomes of a configuration of the user's own against a golden file,
// and the real program takes it without a warning.
func TestOwn(t *testing.T) {
	files, err := filepath.Glob("testdata/*.cfg")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text := filetest.Read(t, file)
		v := ownVariant(file, text, 2)
		c, err := rewriteFor(v, proxy.Example(v))
		if err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, strings.TrimSuffix(file, ".cfg")+".golden", string(c.Text)+"\n"+strings.Join(c.Rewrites, "\n")+"\n")
	}
}

// TestHAProxyTakesOwn: the real program reads what becomes of them.
func TestHAProxyTakesOwn(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	for _, v := range proxytest.OwnFiles(t, "haproxy", "testdata/http.cfg", "testdata/tcp.cfg") {
		at := proxy.Example(v)
		at.Program = program
		proxytest.TakesOwn(t, Kind{}, v, at, func(c proxy.Config, _ string) []string { return append(c.Command, "-c") }, "WARNING")
	}
}

// TestOwnIsUnderstood: what a file says reaches the laws.
func TestOwnIsUnderstood(t *testing.T) {
	const frontend = "frontend f\n bind :80\n default_backend b\n"
	for text, want := range map[string]scenarios.Own{
		frontend + "backend b\n server s 10.0.0.1:80\n server t 10.0.0.2:80\n": {Passed: true, Servers: 2},
		frontend + "backend b\n server s 10.0.0.1:80 source 10.1.0.1\n server t 10.0.0.1:80 source 10.1.0.2\n": {
			Passed: true, Servers: 1, Binds: 2},
		frontend + " use_backend c if x\nbackend b\n server s 10.0.0.1:80\nbackend c\n option nolinger\n" +
			" server s 10.0.0.1:80\n": {
			Passed: true, Servers: 1, Unknown: "f may lead to backends that do different things, and each request decides"},
	} {
		v := Kind{}.WithDefaults(ownVariant("haproxy.cfg", []byte(text), 1), "")
		own := v.Own
		if own == nil || own.Passed != want.Passed || own.Servers != want.Servers || own.Binds != want.Binds ||
			own.Unknown != want.Unknown {
			t.Errorf("%s\nis   %+v\nwant %+v", text, own, want)
		}
		p, ok := proxy.PolicyOf(v)
		if !ok || p.Laws.Tries != 4 || p.Laws.CloseShare != 1 || !p.Laws.Passes || own.Laws.CloseShare != 1 {
			t.Errorf("%s: %+v, %+v", text, p, own.Laws)
		}
	}
}

// TestOwnMistakes have the place of what is wrong, and what to do.
func TestOwnMistakes(t *testing.T) {
	proxytest.Refused(t, Kind{}, "haproxy.cfg", map[string]string{
		"server s\n":                        "haproxy.cfg:1:1: not a valid HAProxy configuration: \"server\" stands in no section",
		"backend b\n server s 10.0.0.1:1\n": "haproxy.cfg:1:1: no frontend with a bind line leads to a backend with a server",
		"listen b\n bind :1\n dispatch 10.0.0.1:80\n": "haproxy.cfg:3:2: dispatch 10.0.0.1:80 " +
			"has no server that the lab's backend could stand in for",
		"listen b\n bind :1\n server s unix@/s\n": "haproxy.cfg:3:11: a server at a Unix-domain socket takes no port",
	})
}
