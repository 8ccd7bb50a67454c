package recipe

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBusyBoxIsNoApache: its httpd is a link to it, or it under another name.
func TestBusyBoxIsNoApache(t *testing.T) {
	dir := t.TempDir()
	box, httpd := filepath.Join(dir, "busybox"), filepath.Join(dir, "httpd")
	if err := os.WriteFile(box, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	i := Installed{Names: []string{"httpd"}, Places: []string{dir}}
	for how, link := range map[string]func(string, string) error{"a symbolic link": os.Symlink, "a hard link": os.Link} {
		if err := link(box, httpd); err != nil {
			t.Fatal(err)
		}
		if p, err := i.Find(); err == nil {
			t.Errorf("%s to BusyBox is taken for httpd: %s", how, p)
		}
		if err := os.Remove(httpd); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(httpd, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if p, err := i.Find(); err != nil || p != httpd {
		t.Errorf("httpd itself is not found: %s, %v", p, err)
	}
}

// TestAlternativesAreFollowed: what a link by way of /etc leads to is not there in a host of
// the lab, which has an /etc of its own.
func TestAlternativesAreFollowed(t *testing.T) {
	dir := t.TempDir()
	program, etc := filepath.Join(dir, "uwsgi-core"), filepath.Join(dir, "etc")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{etc: program, filepath.Join(dir, "uwsgi"): etc} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for where, path := range map[string]string{"the PATH": dir, "a place": t.TempDir()} {
		t.Setenv("PATH", path)
		if p, err := (Installed{Names: []string{"uwsgi"}, Places: []string{dir}}).Find(); err != nil || p != program {
			t.Errorf("by %s: %s, %v, want %s", where, p, err, program)
		}
	}
}
