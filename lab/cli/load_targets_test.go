package cli

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/loadgen"
)

func TestSocketIsReadAsNginxWritesIt(t *testing.T) {
	for target, want := range map[string][3]string{ // socket, URL, shown
		"unix:/run/a.sock":                {"/run/a.sock", "http://localhost", "unix:/run/a.sock"},
		"unix:/run/a.sock:/x?y=z":         {"/run/a.sock", "http://localhost/x?y=z", "unix:/run/a.sock:/x?y=z"},
		"http://unix:/run/a.sock:/x":      {"/run/a.sock", "http://localhost/x", "http://unix:/run/a.sock:/x"},
		"https://unix:/run/a.sock":        {"/run/a.sock", "https://localhost", "https://unix:/run/a.sock"},
		"unix:@name":                      {"@name", "http://localhost", "unix:@name"},
		"unix.example:8080/a":             {"", "http://unix.example:8080/a", "http://unix.example:8080/a"},
		"http://127.0.0.1:8080/a?b=unix:": {"", "http://127.0.0.1:8080/a?b=unix:", "http://127.0.0.1:8080/a?b=unix:"},
	} {
		var o loadOptions
		if err := o.target(target); err != nil || [3]string{o.config.Unix, o.config.URL, o.shown} != want {
			t.Errorf("%s: %v, %q, %q, %q; want %q", target, err, o.config.Unix, o.config.URL, o.shown, want)
		}
	}
}

func TestTargetsAreReadFromAFile(t *testing.T) {
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "body"), "hello")
	text := "# a comment\r\n" +
		"GET /a\r\nX-A: b\nAccept:*/*\n\n" +
		"3 POST http://127.0.0.1:8080/b?c=d\n@body\n" +
		"  http://127.0.0.1:8080\n" +
		"2 /d\n@" + filepath.Join(dir, "body") + "\nX-B: http://elsewhere/\n"
	file := filepath.Join(dir, "targets")
	filetest.Write(t, file, text)
	got, err := parseTargets(nil, file, "http://127.0.0.1:8080/")
	if err != nil {
		t.Fatal(err)
	}
	want := []loadgen.Request{
		{Method: "GET", Path: "/a", Header: []string{"X-A: b", "Accept:*/*"}},
		{Weight: 3, Method: "POST", Path: "/b?c=d", Body: []byte("hello")},
		{Path: "/"},
		{Weight: 2, Method: "POST", Path: "/d", Body: []byte("hello"), Header: []string{"X-B: http://elsewhere/"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// FuzzTargets holds that every request read has a path, and that each line that
// is neither blank nor a comment is in the result or is named.
func FuzzTargets(f *testing.F) {
	f.Add("3 GET /a\nX-A: b\n\n/c\n")
	f.Add("GET http://127.0.0.1/x\n# y\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "@") {
			return // it may name any file of this machine
		}
		mix, err := parseTargets(strings.NewReader(text), "-", "http://127.0.0.1/")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "-:") && !strings.HasPrefix(err.Error(), "- has no target") {
				t.Errorf("%q: no place in %v", text, err)
			}
			return
		}
		lines := 0
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines++
			}
		}
		for _, r := range mix {
			if lines -= 1 + len(r.Header); !strings.HasPrefix(r.Path, "/") {
				t.Errorf("%q: the path %q", text, r.Path)
			}
		}
		if lines != 0 {
			t.Errorf("%q: %d lines are in no request", text, lines)
		}
	})
}

func TestBareNumberIsSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5":      5 * time.Second,
		"0.2":    200 * time.Millisecond,
		"1500ms": 1500 * time.Millisecond,
		"-1":     -time.Second,
		"2m":     2 * time.Minute,
		"0":      0,
	} {
		var l lasting
		if err := l.Set(text); err != nil || time.Duration(l) != want {
			t.Errorf("%s: %v, %v", text, time.Duration(l), err)
		}
	}
	for _, text := range []string{"", "soon", "1e300", "NaN", "5 s"} {
		if err := new(lasting).Set(text); err == nil || !strings.Contains(err.Error(), "a bare number is seconds") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestForeignFlagsAreNoneOfOurs: a hint for a flag that works would be a lie.
func TestForeignFlagsAreNoneOfOurs(t *testing.T) {
	cmd := loadCommand(&terminal{stdout: io.Discard, stderr: io.Discard})
	for name, hint := range elsewhere {
		if cmd.Flags().Lookup(name) != nil || len(name) == 1 && cmd.Flags().ShorthandLookup(name) != nil {
			t.Errorf("%s is a flag of its own", name)
		}
		for word := range strings.FieldsSeq(hint) {
			if own, ok := strings.CutPrefix(strings.TrimRight(word, ",.;"), "--"); ok && cmd.Flags().Lookup(own) == nil {
				t.Errorf("%s is told to be --%s, which is no flag", name, own)
			}
		}
	}
}
