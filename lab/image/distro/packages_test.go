package distro

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePackage(t *testing.T) {
	const text = `Package: apache2-bin
Version: 1:2.4.71-1~deb12u1
Architecture: amd64
Provides: httpd, httpd-cgi (= 2)
Pre-Depends: dpkg (>= 1.17)
Depends: perl:any, libc6 (>= 2.34), libaprutil1-dbd-sqlite3 | libaprutil1-dbd-mysql,
 libssl3(>=3.0)
Description: Apache
 more text
 .
 Package: not-a-field
SHA256: abc

Package: next
`
	st := parseStanzas(text)
	if len(st) != 2 || st[1]["package"] != "next" {
		t.Fatalf("stanzas: %q", st)
	}
	want := pkg{
		Name: "apache2-bin", Version: "1:2.4.71-1~deb12u1", Arch: "amd64", SHA256: "abc",
		Depends:  []string{"dpkg", "perl", "libc6", "libaprutil1-dbd-sqlite3", "libaprutil1-dbd-mysql", "libssl3"},
		Provides: []string{"httpd", "httpd-cgi"},
	}
	got := parsePackage(st[0])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.file() != "apache2-bin_1%3a2.4.71-1~deb12u1_amd64.deb" {
		t.Errorf("file name %s", got.file())
	}
}

func TestUpstreamVersion(t *testing.T) {
	for version, want := range map[string]string{
		"1.22.1-9+deb12u3":    "1.22.1",
		"1.30.6-2":            "1.30.6",
		"1:2.4.52-1ubuntu4.9": "2.4.52",
		"2.4.66~rc1-1":        "2.4.66",
		"1.2.13.dfsg-1":       "1.2.13.dfsg",
		"1.18.0":              "1.18.0",
		"2.4.52+dfsg-1":       "2.4.52",
		"":                    "",
	} {
		if got := upstream(version); got != want {
			t.Errorf("upstream(%q) = %q, want %q", version, got, want)
		}
	}
}

func TestParseURIs(t *testing.T) {
	const out = `'http://a.example/pool/z/zlib1g_1.2.13.dfsg-1_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 SHA256:ec42
'http://a.example/pool/n/nginx_1.30.6-2_amd64.deb' nginx_1.30.6-2_amd64.deb 687480 SHA256:8b7a
NOTE: This is only a simulation!
'http://a.example/odd' odd.deb 1 x
'http://a.example/odd' a_%zz_c.deb 1 x
`
	want := []string{"zlib1g=1:1.2.13.dfsg-1", "nginx=1.30.6-2"}
	if diff := cmp.Diff(want, parseURIs(out)); diff != "" {
		t.Error(diff)
	}
}

func FuzzPackages(f *testing.F) {
	f.Add("Package: a\nVersion: 1:2-3\nArchitecture: all\nDepends: b (>= 1) | c, d:any\n\n")
	f.Add("'u' zlib1g_1%3a1_amd64.deb 1 x\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, st := range parseStanzas(text) {
			p := parsePackage(st)
			// The name comes from an index, and becomes a path of ours.
			if name := p.file(); filepath.Base(name) != name || !strings.HasSuffix(name, ".deb") {
				t.Fatalf("file name %q leaves the directory", name)
			}
			for _, d := range append(p.Depends, p.Provides...) {
				if d == "" || strings.ContainsAny(d, ",|:( \t") {
					t.Fatalf("relation %q", d)
				}
			}
		}
		for _, spec := range parseURIs(text) {
			if name, version, ok := strings.Cut(spec, "="); !ok || name == "" || version == "" {
				t.Fatalf("spec %q", spec)
			}
		}
	})
}
