package nginxconf

import (
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// What a finding advises cures it: the model says so, and a real nginx then uses
// connections again.
func TestFixesWork(t *testing.T) {
	program := realNginx()
	needs.Program(t, "netns", program)
	needs.Root(t)
	release := realRelease(t, program)
	if release.pools() {
		t.Skip("these are mistakes of releases before " + Pooling.String())
	}
	const pool, three = "upstream app { server 10.0.0.7:8080; keepalive 32; }\n",
		"proxy_http_version 1.1; proxy_set_header Connection \"\"; "
	for _, tt := range []struct {
		file, finding, location string
		change                  []string // old and new, in turn
	}{
		{"case-inert-pool-map-close", "inert-pool", "/", []string{"'' close", "'' ''"}},
		{"case-halfdone-elsewhere-halfdone", "half-done-keepalive", "/", []string{"location / { ", "location / { " + three}},
		{"case-weights-down", "half-done-keepalive", "/", []string{"10.0.0.8:8080;", "10.0.0.8:8080; keepalive 32;"}},
		{"connection-close", "inert-pool", "/", []string{"Connection close", "Connection \"\""}},
		{
			file:     "connection-empty-1.0",
			finding:  "half-done-keepalive",
			location: "/",
			change:   []string{"location / { ", "location / { proxy_http_version 1.1; "},
		},
		{
			file:     "pool-before-method",
			finding:  "inert-pool",
			location: "/",
			change:   []string{" least_conn;", "", "{ server 10.0.0.7", "{ least_conn; server 10.0.0.7"},
		},
		{"pool-timeout-0", "inert-pool", "/", []string{" keepalive_timeout 0;", ""}},
		{"pool-requests-1", "inert-pool", "/", []string{" keepalive_requests 1;", ""}},
		{
			file:     "inherit-three-levels",
			finding:  "connection-header-wiped",
			location: "/b",
			change: []string{"proxy_set_header Host $host;", "proxy_set_header Host $host; " +
				"proxy_set_header Connection \"\";"},
		},
		{
			file:     "host-plain",
			finding:  "no-pool",
			location: "/",
			change: []string{"http {\n", "http {\n" + pool, "proxy_pass http://10.0.0.7:8080;",
				three + "proxy_pass http://app;"},
		},
		{
			file:     "case-request-uri-requri",
			finding:  "variable-bypasses-pool",
			location: "/",
			change: []string{"http {\n", "http {\n" + pool, "proxy_pass http://127.0.0.1:3000$",
				three + "proxy_pass http://app$"},
		},
		{"variable-upstream-port", "variable-bypasses-pool", "/", []string{"$to app:8080", "$to app"}},
		{
			file:     "fastcgi-all",
			finding:  "half-done-keepalive",
			location: `~ \.php$`,
			change:   []string{"{ fastcgi_pass php;", "{ fastcgi_keep_conn on; fastcgi_pass php;"},
		},
	} {
		t.Run(tt.file, func(t *testing.T) {
			text := filetest.Read(t, "testdata/"+tt.file+".conf")
			found, _ := of(t, text, release, tt.location)
			if !slices.Contains(found, tt.finding) {
				t.Fatalf("%s is not among %v", tt.finding, found)
			}
			mended := strings.NewReplacer(tt.change...).Replace(string(text))
			found, config := of(t, []byte(mended), release, tt.location)
			if slices.Contains(found, tt.finding) {
				t.Errorf("%s is still found", tt.finding)
			}
			for _, r := range config.Routes(release) {
				if r.LocationName() != tt.location {
					continue
				}
				path, ok := config.pathTo(r, release)
				if !ok || r.Pool.State != PoolWorks {
					t.Fatalf("the pool %s: %s", r.Pool.State, r.Pool.Why)
				}
				measure(t, program, config, r, path)
				return
			}
			t.Error("there is no such location")
		})
	}
}

// of are the ids of the findings about a location, and of its upstream block.
func of(t *testing.T, text []byte, release Release, location string) ([]string, *Config) {
	t.Helper()
	config, err := Load("nginx.conf", Options{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range config.Routes(release) {
		if r.LocationName() != location {
			continue
		}
		for _, f := range config.Findings(release) {
			about := r.Upstream.Directive != nil && f.Directive.Start > r.Upstream.Directive.Start &&
				f.Directive.End < r.Upstream.Directive.End
			if about && strings.Contains(f.Text, "location "+location+" ") ||
				f.Directive.Start >= r.Location.Directive.Start && f.Directive.End <= r.Location.Directive.End {
				ids = append(ids, f.ID)
			}
		}
		break
	}
	return ids, config
}
