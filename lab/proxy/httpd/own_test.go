package httpd

import (
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/proxytest"
	"github.com/lab99/lab99/scenarios"
)

// own is a variant with a configuration of the user's own.
func own(text string) scenarios.Variant { return proxytest.Own("httpd", "httpd.conf", text, 2) }

// ownFiles are the configurations that are kept for tests.
func ownFiles(t testing.TB) []scenarios.Variant {
	t.Helper()
	all := proxytest.OwnFiles(t, "httpd", "testdata/own/plain.conf", "testdata/own/balancer.conf",
		"testdata/own/debian/apache2.conf")
	all[1].Load.Path = "/api/"
	return all
}

// TestOwn holds what becomes of files against a golden one.
func TestOwn(t *testing.T) {
	for _, v := range ownFiles(t) {
		proxytest.Rewritten(t, Reverse{}, v)
	}
}

// TestApacheTakesOwn: the real program takes what becomes of them.
func TestApacheTakesOwn(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	root, err := Kind{}.Image().Installed.ServerRoot()
	needs.Had(t, "netns", err)
	check := func(c proxy.Config, _ string) []string { return append(c.Command, "-t") }
	for _, v := range ownFiles(t) {
		at := proxy.Example(v)
		at.Program, at.ServerRoot = program, root
		proxytest.TakesOwn(t, Reverse{}, v, at, check, "warn", "AH00112")
	}
}

// TestOwnIsUnderstood: what a file says reaches the laws.
func TestOwnIsUnderstood(t *testing.T) {
	pooled := law.Conduct{CloseShare: 1, Idle: law.NoCap, Tries: 1, Lines: 1}
	closes := law.Conduct{CloseShare: 1, LeastShare: leastShare, MostShare: mostShare, Tries: 1, Lines: 1}
	dark, binds := closes, closes
	dark.Blackout, binds.BindsFirst = 5*time.Second, true
	const two = "<Proxy balancer://b>\nBalancerMember http://a\nBalancerMember http://b%s\n</Proxy>\n" +
		"ProxyPass / balancer://b/\n"
	for text, want := range map[string]law.Conduct{
		"ProxyPass / http://a/":                                                             pooled,
		"ProxyPass / http://a/ disablereuse=On":                                             closes,
		"ProxyPass / http://a/ enablereuse=off":                                             closes,
		"ProxyPass / http://a/\nSetEnv proxy-nokeepalive 1":                                 closes,
		"RewriteEngine on\nRewriteRule ^/(.*)$ http://a/$1 [P,L]":                           closes,
		"ProxyPass / http://a/ disablereuse=On status=-I retry=5":                           dark,
		"ProxyPass / http://a/ disablereuse=On retry=5":                                     closes,
		"ProxyPass / http://a/ disablereuse=On\nProxySourceAddress 10.0.0.1":                binds,
		"<Proxy http://a>\nProxySet disablereuse=On\n</Proxy>\nProxyPass / http://a/":       closes,
		"<Location />\nProxyPass http://a/ disablereuse=On\n</Location>":                    closes,
		"<IfModule !mod_proxy.c>\nProxyPass / ajp://b/\n</IfModule>\nProxyPass / http://a/": pooled,
		"<Proxy balancer://b>\nBalancerMember http://a disablereuse=On retry=5\n" +
			"ProxySet forcerecovery=Off\n</Proxy>\nProxyPass / balancer://b/": dark,
		strings.ReplaceAll(two, "%s", ""):                                                          pooled,
		strings.ReplaceAll(two, "%s", " loadfactor=3"):                                             pooled,
		"<VirtualHost *:443>\nServerName b\nProxyPass / http://a/ disablereuse=On\n</VirtualHost>": closes,
	} {
		v := proxy.WithDefaults(own(text), "2.4")
		p, ok := proxy.PolicyOf(v)
		if !ok || p.Laws != want || v.Own == nil || !v.Own.Passed || v.Own.Unknown != "" {
			t.Errorf("%s\nis   %+v, %+v\nwant %+v", text, p.Laws, v.Own, want)
			continue
		}
		if several := strings.Contains(text, "http://b"); several != (v.Own.Servers == 2) ||
			strings.Contains(text, "loadfactor") != (v.Own.Laws.HeaviestShare == 0.75) {
			t.Errorf("%s: %+v", text, v.Own)
		}
	}
}

// TestOwnIsUnknown: what a file does not tell is said, and no law is taken for granted.
func TestOwnIsUnknown(t *testing.T) {
	proxytest.Unknown(t, Reverse{}, "httpd.conf", map[string]string{
		"RewriteEngine on\nRewriteCond %{HTTP_HOST} x\n" +
			"RewriteRule ^ http://b/ [P]\nProxyPass / http://a/": "httpd.conf:3: RewriteRule decides for each request",
		"ProxyPass / http://a/\nSetEnvIf X y proxy-nokeepalive": "httpd.conf:2: SetEnvIf decides for each request",
		"<Proxy balancer://b>\nBalancerMember http://a disablereuse=On\nBalancerMember http://b disablereuse=On\n" +
			"</Proxy>\nProxyPass / balancer://b/": "balancer://b/ takes a member out of service",
	})
	v := proxy.WithDefaults(own("ProxyPass /app http://a/"), "")
	if v.Own == nil || v.Own.Passed || !strings.Contains(v.Own.Answer, "--set load.path=/app reaches http://a/") {
		t.Errorf("%+v", v.Own)
	}
}

// TestOwnMistakes have the place of what is wrong, and what to do.
func TestOwnMistakes(t *testing.T) {
	proxytest.Refused(t, Reverse{}, "httpd.conf", map[string]string{
		"ServerName a\n": "httpd.conf:1:1: nothing in it " +
			"passes requests on over HTTP",
		"ProxyPass / \"unix:/s|http://a/\"\n": "httpd.conf:1:13: a Unix-domain socket takes no port",
		"\nProxyPass / fcgi://a:9000/\n":      "httpd.conf:2:13: the load reaches a backend over fcgi",
		"ProxyPassMatch ^/(.*) http://$1/\n": "httpd.conf:1:23: where the load goes is " +
			"not written in the file",
		"<VirtualHost *:80>\nProxyPass / http://a/\n": "httpd.conf:1:1: <virtualhost> has no end",
		"ProxyPass / http://a/\n</Proxy>\n":           "httpd.conf:2:1: </Proxy> ends no section",
		"<Proxy x>\n</Location>\n":                    "httpd.conf:2:1: </proxy> was expected",
		"ProxyPass / http://a/ retry=soon status=-I\n": "httpd.conf:1:23: retry=soon: " +
			"a number of seconds was expected",
		"ProxyPass / http://a/ disablereuse=maybe\n":             "httpd.conf:1:23: disablereuse=maybe: On or Off was expected",
		"ProxyPass / balancer://b/\n":                            "httpd.conf:1:13: balancer://b/ has no BalancerMember",
		"\xef\xbb\xbfProxyPass / http://a/\n":                    "httpd.conf:1:1: the file begins with a byte order mark",
		"<VirtualHost>\nProxyPass / http://a/\n</VirtualHost>\n": "httpd.conf:1:1: <VirtualHost> has no address",
		"ProxyPass /\nProxyPass /b http://a/\n":                  "httpd.conf:1:11: an address was expected",
	})
}

// FuzzOwn: whatever a file says, it is read or refused with a place, and what becomes of it
// is read again.
func FuzzOwn(f *testing.F) {
	proxytest.FuzzReadable(f, Reverse{}, "httpd.conf", ownFiles(f),
		"RewriteEngine on\nRewriteRule ^ http://a/ [P]\n<Location /x>\nProxyPass http://b\n</Location>\\")
}

// TestMutated does the same for many texts near those.
func TestMutated(t *testing.T) {
	var texts []string
	for _, v := range ownFiles(t) {
		texts = append(texts, string(v.ProxyFile.Text))
	}
	proxytest.Mutated(t, Reverse{}, "httpd.conf", texts, "\\\n\"'<>#/! \r=")
}
