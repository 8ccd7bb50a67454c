package cli

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// TestFilesOfOtherKinds: lint and predict read none of Apache's, Varnish's, Caddy's or
// Squid's, say whose a file looks like, and name a command that does read it.
func TestFilesOfOtherKinds(t *testing.T) {
	next := regexp.MustCompile("`lab99 (plan migrate --set from=\\S+ --set from-kind=(\\w+))`")
	const dir = "../cmd/lab99/testdata/own-kinds/"
	for file, kind := range map[string]string{
		dir + "httpd/apache2.conf":    "httpd",
		dir + "httpd/each.conf":       "httpd",
		dir + "varnish/default.vcl":   "varnish", // nginx's words would do for it
		dir + "caddy/sites.caddyfile": "caddy",
		dir + "caddy/bare.caddyfile":  "caddy",
		dir + "squid/squid.conf":      "squid",
		dir + "squid/pool.conf":       "squid",
	} {
		for _, args := range [][]string{{"lint", file}, {"predict", "--rate", "900", "--config", file}} {
			var out, talk bytes.Buffer
			code := Main(args, strings.NewReader(""), &out, &talk)
			m := next.FindStringSubmatch(talk.String())
			if code != 64 || m == nil || m[2] != kind || !strings.HasPrefix(talk.String(), "lab99 "+args[0]+": "+file+":") {
				t.Errorf("%v: exit code %d, want 64 and a step for %s: %s", args, code, kind, talk.String())
				continue
			}
			talk.Reset()
			if code := Main(append(strings.Fields(m[1]), "--size", "quick"), strings.NewReader(""), &out, &talk); code != 0 {
				t.Errorf("%s: exit code %d: %s", m[1], code, talk.String())
			}
		}
	}
	// A file without routes that nobody else's looks like is nginx's as before.
	var out, talk bytes.Buffer
	if code := Main([]string{"predict", "--rate", "900", "--config", "-"}, strings.NewReader("events {}\n"), &out, &talk); code != 1 {
		t.Errorf("exit code %d: %s", code, talk.String())
	}
	talk.Reset()
	code := Main([]string{"predict", "--rate", "900", "--config", "-"}, strings.NewReader("vcl 4.1;\nimport std;\n"), &out, &talk)
	if code != 64 || !strings.Contains(talk.String(), "--set from=FILE --set from-kind=varnish") {
		t.Errorf("exit code %d: %s", code, talk.String())
	}
}
