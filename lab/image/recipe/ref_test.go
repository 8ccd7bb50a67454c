package recipe

import (
	"strings"
	"testing"
)

func TestReference(t *testing.T) {
	for _, tc := range []struct{ text, suite, base, version string }{
		{"nginx:1.30", "", "nginx", "1.30"},
		{"nginx", "", "nginx", ""},
		{"nginx:latest", "", "nginx", ""},
		{"nginx:1.29.7-alpine", "", "nginx", "1.29.7"},
		{"docker.io/library/httpd:2.4", "", "httpd", "2.4"},
		{"127.0.0.1:5000/team/nginx:1.30@sha256:" + strings.Repeat("a", 64), "", "nginx", "1.30"},
		{"nginx@sha256:" + strings.Repeat("a", 64), "", "nginx", ""},
		{"openresty/openresty:1.27", "", "openresty", "1.27"},
		{"apt:bookworm", "bookworm", "", ""},
		{"apt:bookworm-backports", "bookworm-backports", "", ""},
	} {
		r, err := ParseRef(tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		if r.Suite != tc.suite || r.Base != tc.base || r.Version() != tc.version {
			t.Errorf("%s: suite %q, base %q, version %q", tc.text, r.Suite, r.Base, r.Version())
		}
	}
	for _, text := range []string{"", "Nginx:1.30", "nginx:1.30:2", "apt:", "apt:Bookworm", "apt:../x", "apt:a b", "-x"} {
		if r, err := ParseRef(text); err == nil {
			t.Errorf("%q was accepted: %+v", text, r)
		} else if !strings.Contains(err.Error(), "apt:") {
			t.Errorf("%q: the error does not say what was expected: %v", text, err)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"nginx:1.30", "apt:forky", "a.example:5000/x/y:z@sha256:00", "apt:", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRef(text)
		if err != nil {
			return
		}
		if (r.Suite == "") == (r.Base == "") {
			t.Fatalf("%q is both or neither of a suite and an image: %+v", text, r)
		}
		// A suite becomes a directory's name and a line of apt's sources.
		if strings.ContainsAny(r.Suite, "/. \n") {
			t.Fatalf("suite %q", r.Suite)
		}
	})
}
