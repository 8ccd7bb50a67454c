package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestUsersCases: configurations of users on which lab99 was wrong once, with
// what lint and predict have to say of each. Their files belong to package
// nginxconf.
func TestUsersCases(t *testing.T) {
	const dir = "../../scenarios/nginxconf/testdata/case-"
	for _, c := range []struct {
		file, lint, args, predict string
		code                      int // of predict
	}{
		{"error-page-hides-99-errpage", "[error-hidden]", "", "status 200 in place of nginx's 502", 0},
		{"unix-socket-upstream-unixup", "[unix-socket]", "", "Error 99 cannot come", 0},
		{"pool-not-seen-pool", "16 a worker", "", "neither happens", 0},
		{"weights-weights", "[uneven-servers]", "", "all of them after 2.77 s", 0},
		{"weights-down", "app (2 peers, 1 destination)", "", "all of them after 2.50 s", 0},
		{"relative-include-mime", "127.0.0.1:3000", "", "TIME_WAIT again after a second", 0},
		{"fragment-fragment", "a part of http{}", "", "a part of a configuration does not say", 0},
		{"map-entries-map-user", "127.0.0.1:3000", "", "location / of", 0},
		{"request-uri-requri", "127.0.0.1:3000", "", "127.0.0.1:3000$request_uri", 0},
		{
			file:    "halfdone-elsewhere-halfdone",
			lint:    "keepalive 16 in line 3 does nothing for location /",
			predict: "inert: HTTP/1.0 with Connection: close is the default",
		},
		{"cache-cache", "[cache-answers]", "", "how many requests proxy_cache z answers", 0},
		{"proxy-bind-pbind", "[proxy-bind]", "", "whether the host has the source 10.0.0.5", 0},
		{"location-not-root", "[not-proxied]", "", "--path /acc", 1},
		{"location-not-root", "/acc", "--path /acc", "location /acc of", 0},
		{"ipv6-disabled-99", "[::1]:6086", "", "while no port is taken", 0},
		{
			file:    "inert-pool-map-close",
			lint:    "Connection is close for requests without Upgrade (map in line 4)",
			predict: "inert: Connection is close for requests without Upgrade (map in line 4)",
		},
		{"inert-pool-map-close-ka-noheader", "16, inert", "", "inert: HTTP/1.0", 0},
		{"grpc", "grpc", "", "protocol      grpc", 0},
		{"fastcgi", "fastcgi", "", "32 idle connections a worker", 0},
		{"fastcgi-without-upstream", "backend", "", "closes first  backend, f = 0", 0},
	} {
		t.Run(c.file, func(t *testing.T) {
			file := dir + c.file + ".conf"
			var out, talk bytes.Buffer
			if code := Main([]string{"lint", "--nginx", "1.26", file}, strings.NewReader(""), &out, &talk); code > 1 ||
				!strings.Contains(out.String(), c.lint) {
				t.Errorf("lint: exit code %d, want %q in\n%s%s", code, c.lint, out.String(), talk.String())
			}
			out.Reset()
			args := append([]string{
				"predict", "--nginx", "1.26", "--ports", "500", "--rate", "200", "--config", file,
			}, strings.Fields(c.args)...)
			code := Main(args, strings.NewReader(""), &out, &talk)
			if text := out.String() + talk.String(); code != c.code || !strings.Contains(text, c.predict) {
				t.Errorf("predict: exit code %d, want %d and %q in\n%s", code, c.code, c.predict, text)
			}
		})
	}
}
