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

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// TestEngineRestartsUnderARun: the run ends, says what happened and keeps what
// was measured; and nothing is left that lab99 clean does not take away.
func TestEngineRestartsUnderARun(t *testing.T) {
	needs.Docker(t)
	needs.Root(t)
	needs.Program(t, "docker", "dockerd")
	onOwnEngine.turn(t)
	e := startEngine(t)
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
	if b, err := os.ReadFile(filepath.Join(i.dir(t), "baseline", results.SamplesFile)); err != nil ||
		bytes.Count(b, []byte(`"load":{`)) < 5 {
		t.Errorf("samples are lost: %v", err)
	}
	path, _ := binary()
	if out, err := onItsEngine(t, exec.Command(path, "clean")).CombinedOutput(); err != nil {
		t.Errorf("clean: %v: %s", err, out)
	}
	nothingLeft(t, 0, true)
}

// engine is one of the test's own: with a data root and a socket of its own,
// and in a network namespace, so that its rules and bridges are not the
// machine's. The commands of the test go to it.
type engine struct {
	dir  string
	cmd  *exec.Cmd
	said *bytes.Buffer // what it printed: to be read only when it has ended
	done chan struct{} // closed when it has ended
}

func startEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{dir: t.TempDir()}
	filetest.Write(t, filepath.Join(e.dir, "daemon.json"), "{}")
	useEngine(t, "unix://"+filepath.Join(e.dir, "sock"))
	e.start(t)
	t.Cleanup(func() { e.stop(t) })
	return e
}

// start has the engine answer. Docker 20.10 that was stopped while a network
// was half made panics on its way up ("index out of range" in libnetwork's
// reservePools), for ever: its networks are forgotten then, once, as an operator
// would do, because the test is of lab99 and not of the engine's own restart.
func (e *engine) start(t *testing.T) {
	t.Helper()
	if e.answers(t) {
		return
	}
	if !strings.Contains(e.said.String(), "reservePools") {
		t.Fatalf("the engine does not answer:\n%s", e.said)
	}
	t.Log("the engine panicked over a network half made: its networks are forgotten")
	if err := os.Remove(filepath.Join(e.dir, "data", "network", "files", "local-kv.db")); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(e.dir, "pid"))
	if !e.answers(t) {
		t.Fatalf("the engine does not answer:\n%s", e.said)
	}
}

// answers starts the engine; where that is false, it has ended.
func (e *engine) answers(t *testing.T) bool {
	t.Helper()
	in := func(name string) string { return filepath.Join(e.dir, name) }
	e.cmd = exec.Command("dockerd", "--config-file", in("daemon.json"),
		"--data-root", in("data"), "--exec-root", in("exec"),
		"--pidfile", in("pid"), "--host", "unix://"+in("sock"))
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	said, done := &bytes.Buffer{}, make(chan struct{})
	e.said, e.done = said, done
	e.cmd.Stdout, e.cmd.Stderr = said, said
	e.cmd.WaitDelay = time.Second // its containerd may outlive it, and holds the pipe
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd := e.cmd
	go func() { cmd.Wait(); close(done) }()
	for deadline := time.After(30 * time.Second); ; {
		if onItsEngine(t, exec.Command("docker", "info")).Run() == nil {
			return true
		}
		select {
		case <-done:
			return false
		case <-deadline:
			e.stop(t)
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (e *engine) stop(t *testing.T) {
	t.Helper()
	e.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.done:
	case <-time.After(30 * time.Second):
		e.cmd.Process.Kill()
		<-e.done
		t.Error("the engine does not stop")
	}
}
