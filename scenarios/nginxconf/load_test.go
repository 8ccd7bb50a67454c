package nginxconf

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

func TestIncludesStayInThePrefix(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		filetest.Write(t, path, text)
		return path
	}
	outside := write("secret.conf", "server { server_name secret; }")
	main := write("etc/nginx.conf",
		"http { include ../secret.conf; include "+outside+"; include link.conf; include conf.d/*; "+
			"include /etc/nginx/conf.d/b.conf; }")
	write("etc/conf.d/a.conf", "server { server_name a; }")
	write("etc/conf.d/b.conf", "server { server_name b; }")
	write("etc/conf.d/.hidden", "server { server_name hidden; }")
	if err := os.Symlink(outside, filepath.Join(dir, "etc/link.conf")); err != nil {
		t.Fatal(err)
	}
	names := func(c *Config) string {
		var all []string
		for _, f := range c.Files {
			rel, err := filepath.Rel(dir, f.Name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rel)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	c, err := Load(main, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(c), "etc/conf.d/a.conf etc/conf.d/b.conf etc/nginx.conf"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if len(c.Missing) != 3 {
		t.Errorf("missing: %+v", c.Missing)
	}
	for _, m := range c.Missing {
		if !errors.Is(m.Err, ErrOutside) {
			t.Errorf("%s: %v", m.Path, m.Err)
		}
	}
	if c, err = Load(main, Options{Follow: true}); err != nil {
		t.Fatal(err)
	}
	if got := names(c); !strings.Contains(got, "secret.conf") || len(c.Missing) != 0 {
		t.Errorf("with Follow: %s, missing %+v", got, c.Missing)
	}
}

// Somebody who has nginx.conf alone sees that more was meant to be read.
func TestAPatternOutsideIsMissing(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "nginx.conf")
	text := "events {}\nhttp { include /etc/nginx/conf.d/*.conf; include /usr/share/nginx/modules/*.conf; " +
		"include here/*.conf; }"
	filetest.Write(t, main, text)
	c, err := Load(main, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Missing) != 2 || c.Missing[0].Path != "/etc/nginx/conf.d/*.conf" || !c.partial() {
		t.Errorf("missing: %+v", c.Missing)
	}
}

func TestAMissingFileIsAnError(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "nginx.conf"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestIncludesDoNotMultiplyWithoutBound(t *testing.T) {
	text := "a; b; c; d; e; f; g; h; i; j;"
	open := func(path string) ([]byte, error) {
		level := strings.Count(path, "x")
		if level > 25 {
			return []byte(text), nil
		}
		next := strings.TrimSuffix(path, ".conf") + "x.conf;"
		return []byte("include " + next + " include " + next), nil
	}
	_, err := Load("/a.conf", Options{Open: open})
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("2^26 copies were taken: %v", err)
	}
}

func TestReleases(t *testing.T) {
	for _, tt := range []struct {
		release    string
		yes, known bool
	}{
		{"1.29.7", true, true}, {"1.29.6", false, true}, {"1.30", true, true}, {"1.29", true,
			false}, {"1.22.1-9+deb12u11", false, true}, {"", false, false}, {"1", true, false}, {"2", true, true},
	} {
		if yes, known := MustRelease(tt.release).AtLeast(Pooling); yes != tt.yes || known != tt.known {
			t.Errorf("%q: %t, known %t", tt.release, yes, known)
		}
	}
	if _, err := ParseRelease("latest"); err == nil {
		t.Error("latest is taken for a version")
	}
}
