//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/kernel"
	"github.com/lab99/lab99/lab/kernel/guest"
)

// build makes the programs as make does, for a guest that has no libraries. One command links
// both at once.
func build(t *testing.T) (init, tool string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", dir, ".", "../lab99")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "kernels"), filepath.Join(dir, "lab99")
}

// umlAtHand is the user-mode Linux of Debian 12 that make kernels fetched, or the
// one that is installed. Nothing is fetched for a test.
func umlAtHand(t *testing.T) *kernel.Unpacked {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	u, err := kernel.Cache{Dir: filepath.Join(cache, "lab99", "kernels")}.Have("uml-bookworm")
	if err == nil {
		return u
	}
	u, missing := kernel.Installed(t.Context(), t.TempDir())
	if missing != nil {
		err = errors.Join(err, missing)
		needs.Had(t, "uml", err)
	}
	return u
}

// TestUserModeLinux boots a kernel that is not this machine's, asks it what it can
// do, and shows error 99 on it: exactly K connections, and at the moment of the law.
func TestUserModeLinux(t *testing.T) {
	needs.Had(t, "uml", nil) // -short
	u := umlAtHand(t)
	started := time.Now()
	s := session{say: func(text string) { t.Log(text) }}
	if err := s.servers(t.Context()); err != nil {
		if none := new(image.UnavailableError); errors.As(err, &none) {
			needs.Had(t, "uml", err)
		}
		t.Fatal(err)
	}
	k := kernel.Kernel{Name: "uml-bookworm", Via: kernel.UML, Suite: "bookworm"}
	cpus, err := kernel.CPUs()
	if err != nil {
		t.Fatal(err)
	}
	s.trees["testdata/baseline"] = "root/baseline"
	init, tool := build(t)
	job := kernel.Job{
		Init: init, Tool: tool, Trees: s.trees, CPU: cpus[len(cpus)-1], Limit: 2 * time.Minute,
		Tasks: []guest.Task{kernel.Probe(), kernel.Lab(kernel.Exhaustion, "/root/baseline", s.images)},
	}
	r, err := kernel.BootUML(t.Context(), u, job)
	if errors.Is(err, kernel.ErrRegisters) {
		needs.Had(t, "uml", err)
	}
	if err != nil {
		if r != nil {
			t.Logf("console: %s", r.Console)
		}
		t.Fatal(err)
	}
	table := kernel.NewTable(started, kernel.Machine{Kernel: release()})
	table.Add(k, u, r, nil)
	for _, row := range table.Rows {
		c := row.Cells[k.Name]
		switch row.ID {
		case "k", "close_share": // counts are exact on any kernel, however busy the machine
			if c.OK == nil || !*c.OK {
				t.Errorf("%s: %s (%s)", row.Law, c.Text, c.Why)
			}
		case "first_error_99":
			if c.OK != nil && !*c.OK {
				t.Errorf("%s: %s (%s)", row.Law, c.Text, c.Why)
			}
		}
	}
	if t.Failed() {
		for name, task := range r.Tasks {
			t.Logf("%s: exit %d, %s\n%s", name, task.Exit, task.Why, task.Stderr)
		}
	}
	t.Logf("Linux %s: %.1f s to boot, %.0f s in all", r.Kernel, r.BootS, time.Since(started).Seconds())
}

func TestUnknownKernelIsAMistake(t *testing.T) {
	if code, err := (command{names: "6.1"}).run(t.Context()); code != usage || err == nil {
		t.Errorf("%d, %v", code, err)
	}
}

// TestInitMustBeStatic: a guest has no C library.
func TestInitMustBeStatic(t *testing.T) {
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip(err)
	}
	if kernel.Static(program) == nil {
		t.Skip(program, " is static here")
	}
	code, err := command{tool: program}.run(t.Context())
	if code != unfit || err == nil {
		t.Errorf("%d, %v", code, err)
	}
}
