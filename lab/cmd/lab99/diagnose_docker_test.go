package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// oneLiners are the commands of the page that run diagnose in a container.
func oneLiners(t *testing.T) (load, run string) {
	t.Helper()
	b := filetest.Read(t, pageOfDiagnose)
	load = regexp.MustCompile(`(?m)^ +(tar .* \| docker import .*)$`).FindString(string(b))
	run = regexp.MustCompile(`(?m)^ +(docker run (.*\\\n)*.*lab99:local .*diagnose)$`).FindString(string(b))
	if load == "" || run == "" {
		t.Fatalf("the page has no commands: %q, %q", load, run)
	}
	return strings.TrimSpace(load), strings.TrimSpace(run)
}

// TestDiagnoseInAContainer runs what the page says, as it stands there and with each
// capability taken away in turn, under the engine's own seccomp profile.
func TestDiagnoseInAContainer(t *testing.T) {
	needs.Docker(t)
	s := stage(t)
	path := binaryOf(t)
	load, run := oneLiners(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, filepath.Join(dir, "bin", "lab99")); err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprintf("lab99:test-%d", os.Getpid())
	shell := func(line string) *exec.Cmd {
		cmd := exec.Command("sh", "-ec", strings.ReplaceAll(line, "lab99:local", tag))
		cmd.Dir = dir
		return cmd
	}
	if out, err := shell(load).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", load, err, out)
	}
	t.Cleanup(func() { docker(t, "rmi", "-f", tag) })
	callers := []struct{ name, without string }{
		{"in a container, as above", ""},
		{"… without `--cap-add SYS_ADMIN`", "--cap-add SYS_ADMIN"},
		{"… without `--cap-add SYS_PTRACE`", "--cap-add SYS_PTRACE"},
		{"… without `--cap-add DAC_READ_SEARCH`", "--cap-add DAC_READ_SEARCH"},
		{"… without `--pid host`", "--pid host"},
		{"… without `--net host`", "--net host"},
	}
	rows(t, "## In containers", len(callers))
	for _, x := range callers {
		if !strings.Contains(run, x.without) {
			t.Fatalf("the page's command has no %q: %s", x.without, run)
		}
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			saw, r, _ := s.look(t, shell(strings.Replace(run, x.without, "", 1)+" --json --top 0"))
			inTable(t, x.name, saw)
			outside := slices.ContainsFunc(r.Unseen, func(u string) bool {
				return strings.HasPrefix(u, "what runs outside of this container")
			})
			if outside != (x.without == "--pid host") || t.Failed() {
				t.Errorf("not seen: %q", r.Unseen)
			}
		})
	}
}

// containerIsSeen looks at one container of a lab by its name.
func containerIsSeen(t *testing.T, path, name string) {
	t.Helper()
	s := scene{}
	_, r, code := s.look(t, exec.Command(path, "diagnose", "--json", "--container", name))
	if len(r.Namespaces) != 1 {
		t.Fatalf("container %s: exit code %s, %d namespaces; not seen: %q", name, code, len(r.Namespaces), r.Unseen)
	}
	n := r.Namespaces[0]
	if !slices.Contains([]string{"0", "1", "2"}, code) || n.Name != "container "+name || n.Ports == nil ||
		len(n.Tuples) == 0 {
		t.Errorf("container %s: exit code %s: %+v", name, code, n)
	}
	out, err := exec.Command(path, "diagnose", "--container", name+"-is-not-there").CombinedOutput()
	if got := exitStatus(err); got != "64" || !strings.Contains(string(out), "docker ps") {
		t.Errorf("a container that is not there: exit code %s: %s", got, out)
	}
}
