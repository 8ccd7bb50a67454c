package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/backend"
)

// TestBackendProcess: the probe finds it by its name, nginx's workers, another
// user, may use its socket, and SIGTERM lets the answer under way out first.
func TestBackendProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	cmd := exec.Command(os.Args[0], "backend", "--unix", path, "--delay", "300ms")
	cmd.Env = append(os.Environ(), "LAB99_AS_PROGRAM=1")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })

	var c net.Conn
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if c, err = net.Dial("unix", path); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	// The answer says that it serves, and so that it has done all it does first.
	ask := func() {
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	r := bufio.NewReader(c)
	read := func() {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || len(b) != 1024 {
			t.Errorf("%s, %d bytes, %v", resp.Status, len(b), err)
		}
	}
	ask()
	read()
	comm, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/comm")
	if err != nil || strings.TrimSpace(string(comm)) != backend.ProcessName {
		t.Errorf("it is called %q (%v), want %s", comm, err, backend.ProcessName)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o666 {
		t.Errorf("its socket: %v, %v; want it open to everyone", fi.Mode(), err)
	}
	ask()
	time.Sleep(100 * time.Millisecond) // it is being answered
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	read()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("SIGTERM does not end it")
	}
}
