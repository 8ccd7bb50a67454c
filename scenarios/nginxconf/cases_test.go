package nginxconf

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// What users' files got wrong before, and what is to be said of them.
func TestCasesOfUsers(t *testing.T) {
	for _, tt := range []struct {
		file     string
		path     string     // what is asked; "" for /
		kind     AnswerKind // what answers
		upstream string
		pool     PoolState
		closes   Closer
		finding  string // an id and a part of the text, "id: text"
	}{
		{"case-error-page-hides-99-errpage", "", AnswerRoute, "10.0.0.7:8080", PoolNone, ClosedByNginx,
			"error-hidden: @sorry with status 200"},
		{"case-unix-socket-upstream-unixup", "", AnswerRoute, "app", PoolNone, ClosedByNginx,
			"unix-socket: it takes no port"},
		{"case-pool-not-seen-pool", "", AnswerRoute, "app", PoolWorks, ClosedByNginx, ""},
		{"case-weights-weights", "", AnswerRoute, "app", PoolNone, ClosedByNginx,
			"uneven-servers: 10.0.0.7:8080 gets 90 %"},
		{"case-weights-down", "", AnswerRoute, "app", PoolNone, ClosedByNginx, "uneven-servers: 1 of 2 servers"},
		{"case-relative-include-mime", "", AnswerRoute, "127.0.0.1:3000", PoolNone, ClosedInRace,
			"include-not-found: mime.types"},
		{"case-fragment-fragment", "", AnswerRoute, "127.0.0.1:3000", PoolNone, ClosedInRace, "no-pool: every request"},
		{"case-map-entries-map-user", "", AnswerRoute, "127.0.0.1:3000", PoolNone, ClosedInRace,
			"no-pool: every request"},
		{"case-request-uri-requri", "", AnswerRoute, "127.0.0.1:3000", PoolNone, ClosedInRace,
			"variable-bypasses-pool: $request_uri"},
		{"case-halfdone-elsewhere-halfdone", "", AnswerRoute, "app", PoolInert, ClosedInRace,
			"half-done-keepalive: keepalive 16 in line 3 does nothing for location / (line 5): HTTP/1.0"},
		{"case-cache-cache", "", AnswerRoute, "10.0.0.7:8080", PoolNone, ClosedByNginx, "cache-answers: proxy_cache z"},
		{"case-own-group-ejects-bare", "", AnswerRoute, "app:3000", PoolNone, ClosedByNginx, "no-pool: every request"},
		{"case-proxy-bind-pbind", "", AnswerRoute, "10.0.0.7:8080", PoolNone, ClosedByNginx, "proxy-bind: 10.0.0.5"},
		{"case-location-not-root", "", AnswerStatic, "", "", "", "not-proxied: a request for /"},
		{"case-location-not-root", "/acc", AnswerRoute, "chat", PoolNone, ClosedInRace, "no-pool: every request"},
		{"case-ipv6-disabled-99", "", AnswerRoute, "[::1]:6086", PoolNone, ClosedInRace,
			"loopback-backend: [::1]:6086"},
		{
			file:     "case-inert-pool-map-close",
			kind:     AnswerRoute,
			upstream: "ci",
			pool:     PoolInert,
			closes:   ClosedInRace,
			finding: "inert-pool: keepalive 32 in line 5 does nothing for location / (line 13): " +
				"Connection is close for requests without Upgrade (map in line 4)",
		},
		{"case-inert-pool-map-close-ka-noheader", "", AnswerRoute, "cache", PoolInert, ClosedInRace,
			"half-done-keepalive: keepalive 16 in line 4"},
		{"case-grpc", "", AnswerRoute, "panel", PoolNone, ClosedByNginx,
			"no-pool: every request opens a connection to panel"},
		{"case-fastcgi", "", AnswerRoute, "php", PoolWorks, ClosedByNginx, ""},
		{"case-proxy-params", "", AnswerRoute, "app", PoolInert, ClosedInRace, "include-not-found: proxy_params is not read"},
		{"case-fastcgi-without-upstream", "", AnswerRoute, "127.0.0.1:9000", PoolNone, ClosedByBackend,
			"no-pool: every request"},
	} {
		config, err := Load("testdata/"+tt.file+".conf", Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		a := config.Select(MustRelease("1.22.1"), Request{Path: tt.path})
		if a.Kind != tt.kind {
			t.Errorf("%s: %s, want %s", tt.file, a, tt.kind)
		}
		if len(a.Routes) > 0 {
			if r := a.Routes[0]; r.Upstream.Name != tt.upstream || r.Pool.State != tt.pool ||
				r.ClosesFirst != tt.closes {
				t.Errorf("%s: upstream %s, pool %s, closes %s", tt.file, r.Upstream.Name, r.Pool.State, r.ClosesFirst)
			}
		}
		id, text, _ := strings.Cut(tt.finding, ": ")
		found := config.Findings(MustRelease("1.22.1"))
		if id != "" && !slices.ContainsFunc(found, func(f Finding) bool {
			return f.ID == id &&
				strings.Contains(f.Text, text)
		}) {
			t.Errorf("%s: no %s among %+v", tt.file, tt.finding, found)
		}
		if tt.pool == PoolWorks && slices.ContainsFunc(found, func(f Finding) bool { return f.Level != Note }) {
			t.Errorf("%s: a pool that works is warned of: %+v", tt.file, found)
		}
	}
}

// Every rule fires in some file of testdata, and says what it is about.
func TestEveryRuleIsShown(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range append(files, "testdata/include/nginx.golden") {
		text := filetest.Read(t, file)
		all.Write(text)
	}
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || r.ID == "" || len(r.Doc) < 60 || r.Level == "" {
			t.Errorf("%q is no complete rule, or is there twice", r.ID)
		}
		seen[r.ID] = true
		if !strings.Contains(all.String(), "["+r.ID+"]") {
			t.Errorf("no file of testdata shows %s", r.ID)
		}
	}
}
