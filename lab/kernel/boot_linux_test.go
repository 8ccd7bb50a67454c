package kernel

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/kernel/guest"
)

// TestMain lets the test's own program be a tether.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == TetherCommand {
		if err := Tether(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// tied starts a shell script in the place of a guest.
func tied(t *testing.T, script string) *tether {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g, err := newTether(self, filepath.Join(t.TempDir(), "scratch"), firstCPU(t), exec.Command("/bin/sh", "-c", script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.cut)
	return g
}

func firstCPU(t *testing.T) int {
	t.Helper()
	cpus, err := CPUs()
	if err != nil {
		t.Fatal(err)
	}
	return cpus[0]
}

// say is a guest that prints lines and goes.
func say(lines string) string { return "cat <<'END'\n" + lines + "\nEND" }

func TestConsole(t *testing.T) {
	for _, tc := range []struct{ name, lines, kernel, why string }{
		{
			name: "to its end",
			lines: "Linux version\n@lab99 1.5 up 6.1.176\n@lab99 2.000000 tick\n" +
				"[  2.1] noise@lab99 2.500000 tick\n@lab99 3 done",
			kernel: "6.1.176",
		},
		{
			name:   "a failure of the init",
			lines:  "@lab99 1.5 up 6.1.176\n@lab99 2 failed mount /proc: no",
			kernel: "6.1.176",
			why:    "in the guest: mount /proc: no",
		},
		{
			name:   "a panic",
			lines:  "@lab99 1.5 up 6.1.176\n[ 1.7] Kernel panic - not syncing: x",
			kernel: "6.1.176",
			why:    "Kernel panic - not syncing: x",
		},
		{"no kernel", "linux: cannot execute", "", "the kernel did not come up"},
		{"gone in the middle", "@lab99 1.5 up 6.1.176\nReboot", "6.1.176", "ended before its tasks"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := watch(t.Context(), tied(t, say(tc.lines)), quiet, nil)
			if r == nil || r.Kernel != tc.kernel {
				t.Fatalf("%+v, %v", r, err)
			}
			if tc.why == "" && err != nil || tc.why != "" && (err == nil || !strings.Contains(err.Error(), tc.why)) {
				t.Errorf("%v, want %q", err, tc.why)
			}
		})
	}
}

// gone waits until a process has ended.
func gone(t *testing.T, pidFile string) {
	t.Helper()
	b := filetest.Read(t, pidFile)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(b)) + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("a process of the guest lives on: %s", state)
		}
	}
}

// TestGuestIsEnded: with all that it started, when its time is over.
func TestGuestIsEnded(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, errors.New("over"))
	defer cancel()
	file := filepath.Join(t.TempDir(), "pids")
	started := time.Now()
	_, err := watch(ctx, tied(t, "sleep 60 & echo $! >"+file+"; sleep 60"), quiet, nil)
	if err == nil || err.Error() != "over" {
		t.Errorf("%v, want the reason of the end", err)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	gone(t, file)
}

// TestWhatAGuestLeavesIsEnded: user-mode Linux's first process may be killed while
// others of it sleep.
func TestWhatAGuestLeavesIsEnded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	watch(t.Context(), tied(t, "sleep 60 & echo $! >"+file), quiet, nil)
	gone(t, file)
}

// TestNothingOutlivesTheCommand: the tether's input ends when the command is killed,
// and with it the guest and its files.
func TestNothingOutlivesTheCommand(t *testing.T) {
	dir := t.TempDir()
	scratch, file := filepath.Join(dir, "scratch"), filepath.Join(dir, "pids")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g, err := newTether(self, scratch, firstCPU(t),
		exec.Command("/bin/sh", "-c", "sleep 60 & echo $! >"+file+"; echo on; sleep 60"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.console.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	g.orders.Close()
	if err := g.cmd.Wait(); err != nil {
		t.Error(err)
	}
	gone(t, file)
	if _, err := os.Stat(scratch); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the guest's files are left: %v", err)
	}
}

// TestKernelThatHangsIsGivenUp: whatever it prints on the way.
func TestKernelThatHangsIsGivenUp(t *testing.T) {
	started := time.Now()
	_, err := watch(t.Context(), tied(t, "while :; do echo noise; sleep 0.1; done"), 500*time.Millisecond, nil)
	if err == nil || !strings.Contains(err.Error(), "the kernel did not come up in 500ms") {
		t.Errorf("%v", err)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestGuestIsBound to one processor, with all that it starts.
func TestGuestIsBound(t *testing.T) {
	r, err := watch(t.Context(), tied(t, "grep Cpus_allowed_list /proc/self/status"), quiet, nil)
	if want := fmt.Sprintf("Cpus_allowed_list:\t%d\n", firstCPU(t)); string(r.Console) != want {
		t.Errorf("console %q, want %q; %v", r.Console, want, err)
	}
}

// TestUnfinishedDisk: a guest that died keeps the tasks it had finished.
func TestUnfinishedDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	for _, e := range [][2]string{
		{"a/stdout", "out"}, {"a/stderr", "err"},
		{"a/outcome.json", `{"name":"a","exit":2,"why":"exit status 2"}`}, {"a/files/run/x.json", "{}"}, {"b/stdout", "half"},
	} {
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: e[0], Size: int64(len(e[1])), Mode: 0o644}),
			write(w, e[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), f.Truncate(1<<20), f.Close()); err != nil {
		t.Fatal(err)
	}
	tasks, err := readDisk(name)
	if err != nil {
		t.Fatal(err)
	}
	a, b := tasks["a"], tasks["b"]
	if a == nil || a.Exit != 2 || string(a.Stdout) != "out" || string(a.Files["run/x.json"]) != "{}" {
		t.Errorf("a: %+v", a)
	}
	if b == nil || b.Why != "it was not finished" {
		t.Errorf("b: %+v", b)
	}
}

func write(w *tar.Writer, text string) error {
	_, err := w.Write([]byte(text))
	return err
}

// TestTasks runs some on this machine, as a guest would.
func TestTasks(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	f, err := os.Create(disk)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var said []string
	err = guest.Run(t.Context(), []guest.Task{
		{Name: "beside", Argv: []string{"/bin/sh", "-c", "sleep 0.3; echo late"}, LimitS: 10, Beside: true},
		{
			Name:   "files",
			Argv:   []string{"/bin/sh", "-c", "echo text >$0/file; echo out; echo err >&2; exit 7", "{out}"},
			LimitS: 10,
		},
		{Name: "slow", Argv: []string{"/bin/sh", "-c", "sleep 60 & sleep 60"}, LimitS: 0.2},
		{
			Name:   "disturbed",
			Argv:   []string{"/bin/sh", "-c", "test $0 = ${0%.2} && exit 2; exit 5", "{out}"},
			LimitS: 10,
			Again:  []int{2, 3},
		},
		{Name: "missing", Argv: []string{"/no/such/program"}, LimitS: 10},
	}, filepath.Join(dir, "out"), f, func(format string, args ...any) { said = append(said, format) })
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := readDisk(disk)
	if err != nil {
		t.Fatal(err)
	}
	if x := tasks["files"]; x.Exit != 7 || string(x.Stdout) != "out\n" || string(x.Stderr) != "err\n" ||
		string(x.Files["file"]) != "text\n" || x.ToS < x.FromS {
		t.Errorf("files: %+v", x)
	}
	if x := tasks["slow"]; !x.TimedOut || x.Exit != -1 || x.ToS-x.FromS > 5 {
		t.Errorf("slow: %+v", x)
	}
	if x := tasks["missing"]; x.TimedOut || x.Exit != -1 || !strings.Contains(x.Why, "no such file") {
		t.Errorf("missing: %+v", x)
	}
	if x, y := tasks["beside"], tasks["slow"]; string(x.Stdout) != "late\n" || x.Why != "" || x.FromS > y.ToS ||
		x.ToS < y.FromS {
		t.Errorf("beside: %+v, want it to run while another does", x)
	}
	if a, b := tasks["disturbed"], tasks["disturbed"+guest.Second]; a.Exit != 2 || b == nil || b.Exit != 5 {
		t.Errorf("disturbed: %+v, and again %+v", a, b)
	}
	if len(said) != 12 {
		t.Errorf("said %q, want two lines a task", said)
	}
}
