package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
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
