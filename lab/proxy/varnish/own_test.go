package varnish

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

// version begins each program.
const version = "vcl 4.1;\n"

func own(text string) scenarios.Variant {
	return proxytest.Own("varnish", "default.vcl", version+text, 2)
}

// ownFiles are the programs that are kept for tests: Debian's own is the first.
func ownFiles(t testing.TB) []scenarios.Variant {
	t.Helper()
	return proxytest.OwnFiles(t, "varnish", "testdata/own/default.vcl",
		"testdata/own/shop.vcl", "testdata/own/header.vcl")
}

// TestOwn holds what becomes of files against a golden one.
func TestOwn(t *testing.T) {
	for _, v := range ownFiles(t) {
		proxytest.Rewritten(t, Kind{}, v)
	}
}

// TestVarnishTakesOwn: the real program translates what becomes of them.
func TestVarnishTakesOwn(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	for _, v := range ownFiles(t) {
		proxytest.TakesOwn(t, Kind{}, v, proxy.Example(v), func(c proxy.Config, dir string) []string {
			return []string{program, "-j", "none", "-C", "-n", t.TempDir(), "-f", dir + "/" + c.File}
		})
	}
}

const app = "backend app { .host = \"10.0.0.1\"; }\n"

// TestOwnIsUnderstood: what a file says reaches the laws.
func TestOwnIsUnderstood(t *testing.T) {
	pooled := law.Conduct{CloseShare: 1, Idle: law.NoCap, Tries: 1, Lines: 1, Blackout: holddown}
	once, raced := pooled, pooled
	once.Idle, raced.Idle = 0, 0
	raced.LeastShare, raced.MostShare = law.LeastRaceShare, law.MostRaceShare
	const two = app + "backend b { .host = \"10.0.0.2\"; }\nsub vcl_init { new d = directors.random(); " +
		"d.add_backend(app%s); d.add_backend(b); }\n" +
		"sub vcl_recv { set req.backend_hint = d.backend(); }\n"
	for text, want := range map[string]law.Conduct{
		app: pooled,
		app + "sub vcl_backend_fetch { set bereq.http.Connection = \"close\"; }":                    raced,
		app + "sub x { set bereq.http.connection = \"close\"; }\nsub vcl_backend_fetch { call x; }": raced,
		"backend app { .host = \"10.0.0.1\"; .proxy_header = 2; }":                                  once,
		strings.ReplaceAll(two, "%s", ""):                                                           pooled,
		strings.ReplaceAll(two, "%s", ", 3"):                                                        pooled,
	} {
		v := proxy.WithDefaults(own(text), "")
		p, ok := proxy.PolicyOf(v)
		if !ok || p.Laws != want || v.Own == nil || !v.Own.Passed ||
			p.ProxyProtocol != strings.Contains(text, "proxy_header") {
			t.Errorf("%s\nis   %+v, %+v\nwant %+v", text, p, v.Own, want)
			continue
		}
		if (v.Own.Servers == 2) != strings.Contains(text, "directors") ||
			(v.Own.Laws.HeaviestShare == 0.75) != strings.Contains(text, ", 3") {
			t.Errorf("%s: %+v", text, v.Own)
		}
	}
}

// TestOwnIsUnknown: what a file does not tell is said, and no law is taken for granted.
func TestOwnIsUnknown(t *testing.T) {
	proxytest.Unknown(t, Kind{}, "default.vcl", map[string]string{
		version + app +
			"sub vcl_recv { if (req.url) { set req.backend_hint = app; } }": "default.vcl:3: which backend a request goes to",
		version + app +
			"sub vcl_backend_fetch { if (bereq.url) { set bereq.http.connection = \"close\"; } }": "" +
			"default.vcl:3: Connection: close is set for some",
		version + app +
			"sub vcl_backend_error { return (retry); }": "default.vcl:3: a request may be tried again",
		version + app +
			"sub vcl_recv { return (pipe); }": "default.vcl:3: return (pipe)",
		version + app +
			"sub vcl_recv { set req.backend_hint = d.backend(); }": "default.vcl:2: where d leads is not in the file",
	})
}

// TestWhoAnswers: a cache, a pass, Varnish itself.
func TestWhoAnswers(t *testing.T) {
	get, post := own(app), own(app)
	post.Load.Method = "POST"
	pass := own(app + "sub vcl_recv { if (req.url) { return (hash); } return (pass); }")
	for v, cached := range map[*scenarios.Variant]bool{&get: true, &post: false, &pass: false} {
		if o := proxy.WithDefaults(*v, "").Own; o == nil || (o.Cached != "") != cached {
			t.Errorf("%s: %+v", v.ProxyFile.Text, o)
		}
	}
	if o := proxy.WithDefaults(own(app+"sub vcl_recv { return (synth(200)); }"), "").Own; o == nil || o.Passed ||
		o.Answer == "" {
		t.Errorf("%+v", o)
	}
}

// TestCallsWithoutEnd: subroutines that call themselves, or others twice each, are read all
// the same.
func TestCallsWithoutEnd(t *testing.T) {
	text := app + "sub s0 { }\n"
	for i := range 40 {
		text += fmt.Sprintf("sub s%d { call s%d; call s%[2]d; call s%[1]d; }\n", i+1, i)
	}
	v := own(text + "sub vcl_recv { call s40; }")
	if _, err := (Kind{}).Configure(v, proxy.Example(v)); err != nil {
		t.Error(err)
	}
}

// TestOwnMistakes have the place of what is wrong, and what to do.
func TestOwnMistakes(t *testing.T) {
	proxytest.Refused(t, Kind{}, "default.vcl", map[string]string{
		"vcl 4.1;\nbackend default none;\n":           "default.vcl:1:1: it has no backend with an address",
		"vcl 4.1;\nbackend a { .path = \"/s\"; }\n":   "default.vcl:2:21: a backend at a Unix-domain socket takes no port",
		"vcl 4.1;\nbackend a { .port = \"80\"; }\n":   "default.vcl:2:1: backend a has no .host",
		"vcl 4.1;\nbackend a {\n":                     "default.vcl:2:11: what begins here has no end",
		"vcl 4.1;\n}\n":                               "default.vcl:2:1: this brace closes nothing",
		"vcl 4.1;\nserver a;\n":                       "default.vcl:2:1: \"server\": vcl, import, include",
		"vcl 4.1;\n/* backend\n":                      "default.vcl:2:1: /* has no end",
		"vcl 4.1;\ninclude \"x.vcl\";\n":              "default.vcl:2:9: what \"x.vcl\" includes is not known",
		"vcl 4.1;\nsub vcl_recv { C{ exit(1); }C }\n": "default.vcl:2:16: C in a VCL program is not run",
		"vcl 4.1;\nbackend a { .host = \"a\n\"; }\n":  "default.vcl:2:21: a string ends with its line",
	})
}

// FuzzOwn: whatever a file says, it is read or refused with a place.
func FuzzOwn(f *testing.F) { proxytest.FuzzReadable(f, Kind{}, "default.vcl", ownFiles(f)) }

// TestMutated does the same for many texts near those.
func TestMutated(t *testing.T) {
	var texts []string
	for _, v := range ownFiles(t) {
		texts = append(texts, strings.Replace(string(v.ProxyFile.Text), "include", "# include", 1))
	}
	proxytest.Mutated(t, Kind{}, "default.vcl", texts, "{}\"#/*;.= \n(")
}
