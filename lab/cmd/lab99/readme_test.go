package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/cli"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// TestReadmeCommands runs every lab99 command of the README without an
// engine: those that need one must get as far as missing it, and no flag,
// scenario or file may be unknown.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) != 2 {
		t.Fatalf("the README has %d sh blocks, want that of the lab and that of the load generator", len(blocks))
	}
	block := blocks[0] // the other wants a server; load's own tests run its flags
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(block[1]) {
		command, _, _ := strings.Cut(strings.TrimSpace(line), "#")
		args := strings.Fields(command)
		if len(args) == 0 || args[0] != "lab99" {
			t.Errorf("%q is not a lab99 command", line)
			continue
		}
		want := "0"
		switch args[1] {
		case "run":
			args = append(args, "--driver", "docker") // the other would do it
			want = "3"
		case "clean":
			want = "3"
		}
		if args[1] == "report" {
			args[2] = copyOf(t, "../../../"+args[2])
		}
		cmd := exec.Command(self, args[1:]...)
		cmd.Dir = "../../.."
		cmd.Env = append(os.Environ(), "DOCKER_HOST=unix:///nowhere/no-engine.sock", "LAB99_AS_PROGRAM=1")
		out, err := cmd.CombinedOutput()
		if got := exitStatus(err); args[1] == "doctor" && got == "3" {
			continue // no driver at all is what it is to find out
		} else if got != want {
			t.Errorf("%s: exit code %s, want %s: %s", command, got, want, out)
		}
	}
}

// copyOf copies a directory, so that a test does not write into the tree.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestReadmeSample: what the README shows of a run is what the command prints of
// the one it links to, in lines that fit the page. -update writes it anew.
func TestReadmeSample(t *testing.T) {
	const page, width = "../../../README.md", 140
	readme, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	run, err := results.Glance("../../../results/example/port-exhaustion-standard")
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile("(?s)With `make reproduce`, the standard size:\n\n```\n(.*?)```\n\n.*?\\(results/example/port-exhaustion-standard\\)").FindSubmatchIndex(readme)
	if at == nil {
		t.Fatal("the README shows no run, or links to another than it shows")
	}
	var b strings.Builder
	cli.PrintSummary(&b, run.Summary)
	want := wrapped(b.String(), width)
	if golden.Updating() {
		readme = slices.Concat(readme[:at[2]], []byte(want), readme[at[3]:])
		if err := os.WriteFile(page, readme, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(readme[at[2]:at[3]])); diff != "" {
		t.Errorf("the README shows another run than it links to; -update rewrites it:\n%s", diff)
	}
}

// wrapped breaks lines of text at blanks.
func wrapped(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for utf8.RuneCountInString(line) > width+1 {
			fits := string([]rune(line)[:width])
			cut := strings.LastIndexByte(fits, ' ')
			if cut < 0 {
				break
			}
			b.WriteString(line[:cut] + "\n")
			line = line[cut+1:]
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestReadmeKnowsTheCatalogue: every scenario stands in the row of its kind.
func TestReadmeKnowsTheCatalogue(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{
		scenarios.KindFailure: "| failures |", scenarios.KindMitigation: "| mitigations |", scenarios.KindMyth: "| myths |",
		scenarios.KindHarm: "| harmful |", scenarios.KindNewFailure: "| new failures |",
	}
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		found := false
		for line := range strings.Lines(string(readme)) {
			if strings.HasPrefix(line, rows[s.Kind]) {
				found = strings.Contains(line, "["+s.Name+"](scenarios/"+s.Name+")")
			}
		}
		if !found {
			t.Errorf("%s is not in the row %q", s.Name, rows[s.Kind])
		}
	}
}

// TestLinksLead: what the README and the lessons link to in this tree is there.
func TestLinksLead(t *testing.T) {
	pages, err := filepath.Glob("../../../scenarios/*/README.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no lessons: %v", err)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	for _, page := range append(pages, "../../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}
