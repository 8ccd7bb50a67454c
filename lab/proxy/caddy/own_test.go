package caddy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/proxytest"
	"github.com/lab99/lab99/scenarios"
)

func own(text string) scenarios.Variant { return proxytest.Own("caddy", "Caddyfile", text, 2) }

// ownFiles are the files that are kept for tests.
func ownFiles(t testing.TB) []scenarios.Variant {
	t.Helper()
	return proxytest.OwnFiles(t, "caddy", "testdata/own/sites.caddyfile", "testdata/own/bare.caddyfile")
}

// TestOwn holds what becomes of files against a golden one.
func TestOwn(t *testing.T) {
	for _, v := range ownFiles(t) {
		proxytest.Rewritten(t, Kind{}, v)
	}
}

// TestDebiansOwn passes nothing on: it serves files.
func TestDebiansOwn(t *testing.T) {
	v := proxytest.OwnFiles(t, "caddy", "testdata/own/debian.caddyfile")[0]
	_, err := Kind{}.Configure(v, proxy.Example(v))
	const want = "testdata/own/debian.caddyfile:1:1: nothing in it passes requests on: a reverse_proxy was expected"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Error(err)
	}
}

// TestCaddyTakesOwn: the real program takes what becomes of them.
func TestCaddyTakesOwn(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	for _, v := range ownFiles(t) {
		proxytest.TakesOwn(t, Kind{}, v, proxy.Example(v), func(c proxy.Config, dir string) []string {
			return []string{program, "validate", "--config", dir + "/" + labFile, "--adapter", "caddyfile"}
		})
	}
}

// TestOwnIsUnderstood: what a file says reaches the laws.
func TestOwnIsUnderstood(t *testing.T) {
	pooled := func(idle int) law.Conduct {
		return law.Conduct{CloseShare: 1, Idle: idle, Tries: tries, DialsAside: true, Lines: 1}
	}
	for text, want := range map[string]law.Conduct{
		":80 {\n reverse_proxy a:1\n}":                                                                                  pooled(32),
		"a.example\nreverse_proxy a:1 {\n transport http {\n  keepalive off\n }\n}":                                     closes(),
		":80 {\n reverse_proxy a:1 {\n transport http {\n keepalive_idle_conns_per_host 2\n}\n}\n}":                     pooled(2),
		":80 {\n reverse_proxy a:1 {\n transport http {\n keepalive_idle_conns 9\n}\n}\n}":                              pooled(9),
		"(p) {\n reverse_proxy a:1\n}\n:80 {\n import p\n}":                                                             pooled(32),
		":80 {\n reverse_proxy /x* b:1 {\n transport http {\n keepalive off\n}\n}\n reverse_proxy a:1\n}":               pooled(32),
		":80 {\n handle /x* {\n respond 200\n}\n handle {\n reverse_proxy a:1\n}\n}":                                    pooled(32),
		":80 {\n @a path /y /\n reverse_proxy @a a:1\n reverse_proxy b:1 {\n transport http {\n keepalive off\n}\n}\n}": pooled(32),
		":80 {\n reverse_proxy a:1 two:1 {\n lb_policy round_robin\n transport http {\n keepalive off\n }\n }\n}":       closes(),
	} {
		v := proxy.WithDefaults(own(text), "")
		p, ok := proxy.PolicyOf(v)
		if !ok || p.Laws != want || v.Own == nil || !v.Own.Passed || (v.Own.Servers == 2) != strings.Contains(text, "two:1") {
			t.Errorf("%s\nis   %+v, %+v\nwant %+v", text, p, v.Own, want)
		}
	}
}

// TestOwnIsUnknown: what a file does not tell is said, and no law is taken for granted.
func TestOwnIsUnknown(t *testing.T) {
	const off = "transport http {\n keepalive off\n}\n"
	proxytest.Unknown(t, Kind{}, "Caddyfile", map[string]string{
		":80 {\n @a header X y\n reverse_proxy @a a:1\n}": "Caddyfile:3: reverse_proxy " +
			"is not for every request",
		":80 {\n rewrite /x\n reverse_proxy a:1\n}": "Caddyfile:2: rewrite decides for each request",
		":80 {\n reverse_proxy a:1 b:1 {\n" + off + "}\n}": "Caddyfile:2: lb_policy random gives " +
			"backends different shares",
		":80 {\n reverse_proxy a:1 {\n lb_try_duration 1s\n" + off + "}\n}": "Caddyfile:3: what becomes of a " +
			"request after a failure",
		":80 {\n reverse_proxy a:1 {\n header_up Connection close\n}\n}": "Caddyfile:3: what the header Connection makes",
	})
	for _, text := range []string{
		":80 {\n reverse_proxy /api/* a:1\n}", ":80 {\n redir https://x\n reverse_proxy a:1\n}",
		":80 {\n respond 200\n reverse_proxy a:1\n}",
	} {
		if o := proxy.WithDefaults(own(text), "").Own; o == nil || o.Passed ||
			!strings.Contains(o.Answer, "--set load.path") {
			t.Errorf("%s: %+v", text, o)
		}
	}
}

// TestOwnMistakes have the place of what is wrong, and what to do.
func TestOwnMistakes(t *testing.T) {
	proxytest.Refused(t, Kind{}, "Caddyfile", map[string]string{
		":80 {\n respond 200\n}\n": "Caddyfile:1:1: nothing " +
			"in it passes requests on",
		":80 {\n reverse_proxy unix//s\n}\n": "Caddyfile:2:16: a Unix-domain socket takes no port",
		":80 {\n reverse_proxy {$APP}\n}\n": "Caddyfile:2:16: where the " +
			"load goes is not written in the file",
		":80 {\n reverse_proxy h2c://a:1\n}\n": "Caddyfile:2:16: the load " +
			"reaches a backend over HTTP/2",
		":80 {\n reverse_proxy a:1 {\n transport fastcgi\n }\n}\n": "Caddyfile:3:12: the load " +
			"reaches a backend over fastcgi",
		":80 {\n reverse_proxy {\n dynamic srv x\n }\n}\n": "Caddyfile:3:2: which backends there are is not written",
		":80 {\n reverse_proxy\n}\n":                       "Caddyfile:2:2: it has no address of a backend",
		":80 {\n reverse_proxy a:1\n":                      "Caddyfile:1:1: what begins here has no end",
		":80 {\n}\n}\n":                                    "Caddyfile:3:1: this brace closes nothing",
		":80 {\n import x\n reverse_proxy a:1\n}\n":        "Caddyfile:2:9: what x imports is not known",
		":80 {\n reverse_proxy \"a:1\n}\n":                 "Caddyfile:2:16: a quote (\") that does not end",
		"(x) {\n import x\n}\n:80 {\n import x\n}\n":       "Caddyfile:2:2: there are too many imports, or they lie too deep",
		"a.b/c {\n reverse_proxy a:1\n}\n":                 "Caddyfile:1:1: a site's address with a path",
		":80 {\n reverse_proxy a:1 {\n transport http {\n keepalive_idle_conns x\n}\n}\n}\n": "" +
			"Caddyfile:4:23: keepalive_idle_conns x: a number",
	})
}

// TestImportsWithoutEnd: doubling snippets are refused before they fill the memory.
func TestImportsWithoutEnd(t *testing.T) {
	text := "(s0) {\n reverse_proxy a:1\n}\n"
	for i := range 40 {
		text += fmt.Sprintf("(s%d) {\n import s%d\n import s%[2]d\n}\n", i+1, i)
	}
	v := own(text + ":80 {\n import s40\n}\n")
	if _, err := (Kind{}).Configure(v, proxy.Example(v)); err == nil ||
		!strings.Contains(err.Error(), "too many imports") {
		t.Error(err)
	}
}

// FuzzOwn: whatever a file says, it is read or refused with a place.
func FuzzOwn(f *testing.F) { proxytest.FuzzReadable(f, Kind{}, "Caddyfile", ownFiles(f)) }

// TestMutated does the same for many texts near those.
func TestMutated(t *testing.T) {
	texts := []string{":80 {\n @a path /y /\n handle @a {\n reverse_proxy a:1 b:1 {\n lb_policy first\n}\n }\n" +
		" route {\n redir /x /y\n }\n}\n"}
	for _, v := range ownFiles(t) {
		texts = append(texts, strings.Replace(string(v.ProxyFile.Text), "import sites", "# import sites", 1))
	}
	proxytest.Mutated(t, Kind{}, "Caddyfile", texts, "{}\"#/*`@ \n\\(,")
}
