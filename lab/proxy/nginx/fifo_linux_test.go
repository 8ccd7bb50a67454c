package nginx

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An include of a pipe, as an archive may bring one, is not waited for.
func TestAnIncludedPipeIsNotOpened(t *testing.T) {
	v := onDisk(t, map[string]string{"nginx.conf": head + "include pipe;\nserver { location / { " +
		"proxy_pass http://10.0.0.1; } } }"})
	if err := syscall.Mkfifo(filepath.Join(filepath.Dir(v.ProxyFile.Label), "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan string)
	go func() {
		c, err := Kind{}.Configure(v, site(v, "1.29.7"))
		if err != nil {
			t.Error(err)
		}
		ended <- strings.Join(c.Rewrites, "\n")
	}()
	select {
	case notes := <-ended:
		if !strings.Contains(notes, "include pipe is taken out: it is not a regular file") {
			t.Error(notes)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it is waited for")
	}
}
