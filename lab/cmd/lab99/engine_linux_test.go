package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// TestEngineRestartsUnderARun: the run ends, says what happened and keeps what
// was measured; and nothing is left that lab99 clean does not take away.
func TestEngineRestartsUnderARun(t *testing.T) {
	needs.Docker(t)
	needs.Root(t)
	needs.Program(t, "docker", "dockerd")
	e := ownEngine(t)
	i := start(t, "run", tiny)
	i.waitForLoad(t, 5)
	e.stop(t)
	e.start(t)
	began := time.Now()
	i.wait(t, "70")
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v to see that the engine went", took)
	}
	v := i.summary(t).Variants
	if len(v) != 1 || v[0].Verdict != "error" || !strings.Contains(v[0].Why, "ended by itself") {
		t.Errorf("rows %+v, want one of the verdict error that names what ended", v)
	}
	if b, err := os.ReadFile(filepath.Join(i.dir(t), "baseline", results.SamplesFile)); err != nil || bytes.Count(b, []byte(`"load":{`)) < 5 {
		t.Errorf("samples are lost: %v", err)
	}
	path, _ := binary()
	if out, err := exec.Command(path, "clean").CombinedOutput(); err != nil {
		t.Errorf("clean: %v: %s", err, out)
	}
	nothingLeft(t, 0, true)
}

// engine is one of the test's own: with a data root and a socket of its own,
// and in a network namespace, so that its rules and bridges are not the
// machine's. The commands of the test go to it.
type engine struct {
	dir string
	cmd *exec.Cmd
}

func ownEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(e.dir, "daemon.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(e.dir, "sock"))
	e.start(t)
	t.Cleanup(func() { e.stop(t) })
	return e
}

func (e *engine) start(t *testing.T) {
	t.Helper()
	in := func(name string) string { return filepath.Join(e.dir, name) }
	e.cmd = exec.Command("dockerd", "--config-file", in("daemon.json"), "--data-root", in("data"), "--exec-root", in("exec"),
		"--pidfile", in("pid"), "--host", "unix://"+in("sock"))
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	var said bytes.Buffer
	e.cmd.Stdout, e.cmd.Stderr = &said, &said
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); exec.Command("docker", "info").Run() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.stop(t)
			t.Fatalf("the engine does not answer:\n%s", said.String())
		}
	}
}

func (e *engine) stop(t *testing.T) {
	t.Helper()
	e.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { e.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		e.cmd.Process.Kill()
		t.Error("the engine does not stop")
	}
}
