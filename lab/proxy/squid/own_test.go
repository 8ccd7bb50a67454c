package squid

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/proxytest"
	"github.com/lab99/lab99/scenarios"
)

func own(text string) scenarios.Variant { return proxytest.Own("squid", "squid.conf", text, 2) }

// ownFiles are the files that are kept for tests.
func ownFiles(t testing.TB) []scenarios.Variant {
	t.Helper()
	return proxytest.OwnFiles(t, "squid", "testdata/own/plain.conf", "testdata/own/debian/squid.conf")
}

// TestOwn holds what becomes of files against a golden one.
func TestOwn(t *testing.T) {
	for _, v := range ownFiles(t) {
		proxytest.Rewritten(t, Kind{}, v)
	}
}

// TestSquidTakesOwn: the real program takes what becomes of them.
func TestSquidTakesOwn(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	for _, v := range ownFiles(t) {
		at := proxy.Example(v)
		at.Program = program
		proxytest.TakesOwn(t, Kind{}, v, at, func(c proxy.Config, _ string) []string { return append(c.Command, "-k", "parse") },
			"FATAL", "ERROR", "WARNING", "unrecognized")
	}
}

// TestOwnIsUnderstood: what a file says reaches the laws.
func TestOwnIsUnderstood(t *testing.T) {
	const head = "http_port 80 accel defaultsite=a\n"
	const one = head + "cache_peer a parent 80 0 originserver"
	all, five := reuses(), reuses()
	all.RepeatableOnly, five.Fails = false, 5
	for text, want := range map[string]law.Conduct{
		one:                           reuses(),
		one + " connect-fail-limit=5": five,
		one + "\nserver_persistent_connections off":                             perRequest(),
		one + "\nserver_pconn_for_nonretriable allow all":                       all,
		one + " round-robin\ncache_peer b parent 80 0 originserver round-robin": reuses(),
	} {
		v := proxy.WithDefaults(own(text), "")
		p, ok := proxy.PolicyOf(v)
		if !ok || p.Laws != want || v.Own == nil || !v.Own.Passed || v.Own.Cached == "" ||
			(v.Own.Servers == 2) != strings.Contains(text, "_peer b") {
			t.Errorf("%s\nis   %+v, %+v\nwant %+v", text, p, v.Own, want)
		}
	}
	post := own(one)
	post.Load.Method = "POST"
	if o := proxy.WithDefaults(post, "").Own; o == nil || o.Cached != "" || o.Laws.Keepalive != 0 ||
		o.Laws.CloseShare != 1 {
		t.Errorf("%+v", o)
	}
}

// TestOwnIsUnknown: what a file does not tell is said, and no law is taken for granted.
func TestOwnIsUnknown(t *testing.T) {
	const one = "http_port 80 accel defaultsite=a\ncache_peer a parent 80 0 originserver\n"
	proxytest.Unknown(t, Kind{}, "squid.conf", map[string]string{
		one + "connect_retries 2":                     "squid.conf:3: how often it tries again",
		one + "tcp_outgoing_address 10.0.0.1":         "squid.conf:3: an address of its own",
		one + "cache_peer b parent 80 0 originserver": "squid.conf:2: which peer a request goes to",
	})
}

// TestTheHeaderTells: error pages have it with any configuration.
func TestTheHeaderTells(t *testing.T) {
	header, cause := proxy.Cause(Kind{}, true)
	if header != "X-Squid-Error" || cause(503, []byte("ERR_CONNECT_FAIL 99")) != proxy.CauseConnect ||
		cause(503, nil) != "" {
		t.Errorf("%q", header)
	}
	if proxy.Silent(own("http_port 80 accel\ncache_peer a parent 80 0")) {
		t.Error("silent")
	}
}

// TestOwnMistakes have the place of what is wrong, and what to do.
func TestOwnMistakes(t *testing.T) {
	proxytest.Refused(t, Kind{}, "squid.conf", map[string]string{
		"cache deny all\n": "squid.conf:1:1: it has " +
			"no http_port with accel",
		"\n  http_port 3128\n": "squid.conf:2:3: Squid as an accelerator " +
			"is what is put under load",
		"http_port 80 accel\n": "squid.conf:1:1: no cache_peer of type " +
			"parent is behind this port",
		"http_port 80 accel\ncache_peer a parent\n": "squid.conf:2:1: cache_peer HOST TYPE " +
			"HTTP-PORT ICP-PORT was expected",
		"http_port 80 accel\ncache_peer a sibling 80 0\n":                     "squid.conf:1:1: no cache_peer of type parent",
		"http_port 80 accel\ncache_peer a parent 80 0 connect-fail-limit=x\n": "squid.conf:2:26: connect-fail-limit=x: a number",
		"if ${process_number} = 1\n":                                          "squid.conf:1:1: \"if\" is not read",
		"include a b\n":                                                       "squid.conf:1:1: one file, or one pattern",
	})
}

// FuzzOwn: whatever a file says, it is read or refused with a place.
func FuzzOwn(f *testing.F) { proxytest.FuzzReadable(f, Kind{}, "squid.conf", ownFiles(f)) }

// TestMutated does the same for many texts near those.
func TestMutated(t *testing.T) {
	var texts []string
	for _, v := range ownFiles(t) {
		texts = append(texts, string(v.ProxyFile.Text))
	}
	proxytest.Mutated(t, Kind{}, "squid.conf", texts, "\\\n\"# =*c")
}
