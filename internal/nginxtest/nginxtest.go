// Package nginxtest runs the machine's nginx for a test, outside of any lab.
package nginxtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lab99/lab99/internal/needs"
)

// LogFile is where nginx writes, in its directory, until its configuration says otherwise.
const LogFile = "error.log"

// Start writes a configuration, which says "daemon off", and runs nginx with it in a directory
// and in the calling thread's namespaces until the test ends. It may not listen yet.
func Start(t testing.TB, dir, conf string) (master *os.Process) {
	t.Helper()
	needs.Program(t, "netns", "nginx")
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("nginx", "-p", dir, "-c", file, "-e", filepath.Join(dir, LogFile))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	return cmd.Process
}
