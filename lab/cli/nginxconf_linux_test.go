package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/verdict"
)

// TestConfigurationsAreFiles: no include makes lab99 wait or read without end,
// and the main file may be a pipe.
func TestConfigurationsAreFiles(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(dir, "nginx.conf")
	text := "events {}\ninclude fifo;\ninclude /dev/zero;\n" +
		"http { server { location / { proxy_pass http://10.0.0.7; } } }\n"
	filetest.Write(t, main, text)
	lint := func(args ...string) (string, int) {
		var out, talk bytes.Buffer
		code := Main(append([]string{"lint", "--nginx", "1.26"}, args...), strings.NewReader(""), &out, &talk)
		return out.String() + talk.String(), code
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		got, code := lint("--follow", main)
		if code != verdict.ExitUnexpected || strings.Count(got, "it is not a regular file") != 2 {
			t.Errorf("exit code %d: %s", code, got)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for an include")
	}
	go os.WriteFile(fifo, []byte("server { location / { proxy_pass http://10.0.0.8; } }"), 0o600)
	if got, code := lint(fifo); code != verdict.ExitUnexpected || !strings.Contains(got, "10.0.0.8") {
		t.Errorf("of a pipe: exit code %d: %s", code, got)
	}
}

// TestConfigurationsAreText: a binary file, or one in UTF-16, is not parsed.
func TestConfigurationsAreText(t *testing.T) {
	var out, talk bytes.Buffer
	code := Main([]string{"lint", "-"}, strings.NewReader("e\x00v\x00"), &out, &talk)
	if code != verdict.ExitUsage || !strings.Contains(talk.String(), "<stdin>: it is not text in UTF-8: byte 2 is 0") {
		t.Errorf("exit code %d: %s%s", code, &out, &talk)
	}
}
