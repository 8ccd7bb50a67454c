package scenarios

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
)

// TestFIFOIsRefused: to open one waits for a writer, who never comes.
func TestFIFOIsRefused(t *testing.T) {
	for name, scenario := range map[string]string{
		"scenario.yaml": "",
		"nginx.conf":    "apiVersion: lab99/v1\nname: fifo\nproxy: {config: nginx.conf}\nvariants: [{name: one}]\n",
	} {
		dir := t.TempDir()
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
		if scenario != "" {
			filetest.Write(t, filepath.Join(dir, scenarioFile), scenario)
		}
		got := make(chan error, 1)
		go func() { _, err := Load(dir); got <- err }()
		select {
		case err := <-got:
			if err == nil || !strings.Contains(err.Error(), "not a regular file") {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: it is waited for", name)
		}
	}
}
