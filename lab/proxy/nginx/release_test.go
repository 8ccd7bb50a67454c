package nginx

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/preflight"
	"github.com/lab99/lab99/scenarios"
)

func TestVersionsCompareByNumber(t *testing.T) {
	for version, want := range map[string]bool{
		"1.22.1": false, "1.29.6": false, "1.29.7": true, "1.29.10": true, "1.30": true, "2.0.0": true,
		"1.31.0 (Ubuntu)": true, "1.22.1-9+deb12u3": false, "1.29.7-1~bookworm": true, "": true,
	} {
		if got, err := atLeast(version, "1.29.7"); err != nil || got != want {
			t.Errorf("%q at least 1.29.7: got %v, %v", version, got, err)
		}
	}
	if _, err := atLeast("mainline", "1.29.7"); err == nil {
		t.Error("no error for a version without numbers")
	}
}

// TestReferencesThatNameNoRelease: what a reference does not say is unknown, and
// never taken for an old release.
func TestReferencesThatNameNoRelease(t *testing.T) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for image, want := range map[string]string{ // "" is unknown
		"nginx:1.22": "old", "nginx:1.26.3": "old", "nginx:1.29.6-alpine": "old", "apt:bookworm": "old", "apt:trixie": "old",
		"nginx:1.29.7": "new", "nginx:1.30": "new", "nginx:1.30-alpine": "new", "registry:5000/nginx:1.30": "new",
		"docker.io/library/nginx:1.31.2": "new", "nginxinc/nginx-unprivileged:1.30": "new", "apt:forky": "new",
		"nginx": "", "nginx:latest": "", "nginx:stable": "", "nginx:mainline": "", "nginx:alpine": "", "nginx:bookworm": "",
		"nginx:1": "", "nginx:1.29": "", "nginx" + digest: "", "nginx:1.22" + digest: "", "openresty/openresty:1.27": "",
		"registry:5000/nginx": "", "apt:sid": "", "not an image": "",
	} {
		v := scenarios.Variant{Proxy: scenarios.Proxy{Image: image, HTTP: scenarios.HTTPDefault, Group: true}}
		release := Kind{}.ReleaseOf(image)
		got := Kind{}.WithDefaults(v, release).Proxy
		reasons := strings.Join(Kind{}.Reasons(v, preflight.Facts{Release: release}), "\n")
		unsaid := strings.Contains(reasons, "does not say which release it is")
		ok := false
		switch want {
		case "old":
			ok = got.HTTP == scenarios.HTTP10 && got.Keepalive == 0 && !unsaid
		case "new":
			ok = got.HTTP == scenarios.HTTP11 && got.Keepalive == 32 && !unsaid
		case "":
			ok = got.HTTP == scenarios.HTTPDefault && got.Keepalive == 0 && unsaid
		}
		if !ok {
			t.Errorf("%s: want %q; release %q, HTTP %s, a pool of %d, and a reader is told %q",
				image, want, release, got.HTTP, got.Keepalive, reasons)
		}
	}
}

// TestWhatTheReleaseDecides, of configurations that leave it to the release.
func TestWhatTheReleaseDecides(t *testing.T) {
	untold := scenarios.Variant{Proxy: scenarios.Proxy{HTTP: scenarios.HTTPDefault, Group: true}}
	said := scenarios.Variant{Proxy: scenarios.Proxy{HTTP: scenarios.HTTP11, Group: true}}
	closes := scenarios.Variant{Proxy: scenarios.Proxy{HTTP: scenarios.HTTP10}}
	for _, c := range []struct {
		name    string
		v       scenarios.Variant
		release string
		workers int
		pool    string // "": no reason
		closes  string
	}{
		{"pooled by default", untold, "1.30.1", 0, "nginx 1.30.1 keeps 32 idle upstream connections", ""},
		{"the first release that does", untold, "1.29.7", 2, "no more than 64 requests", ""},
		{"the last that does not", untold, "1.29.6", 0, "", "nginx 1.29.6 speaks HTTP/1.0"},
		{"a tag", untold, "1.30", 0, "nginx 1.30 keeps", ""},
		{"a distribution's release", untold, "1.22.1-9+deb12u3", 0, "", "nginx 1.22.1-9+deb12u3 speaks HTTP/1.0"},
		{"the block says what it wants", said, "1.30.1", 0, "", ""},
		{"HTTP/1.0 as the scenario asks", closes, "1.30.1", 0, "", "so Apache closes it too"},
	} {
		f := preflight.Facts{Release: c.release}
		f.Setup.Workers = c.workers
		if got := strings.Join(Kind{}.Reasons(c.v, f), "\n"); (got == "") != (c.pool == "") ||
			!strings.Contains(got, c.pool) {
			t.Errorf("%s: %q, want %q", c.name, got, c.pool)
		}
		if got := (Kind{}).ClosesToo(c.v, c.release, "Apache"); (got == "") != (c.closes == "") ||
			!strings.Contains(got, c.closes) {
			t.Errorf("%s: %q, want %q", c.name, got, c.closes)
		}
	}
}
