package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/cli"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(callerOfProgram); text != "" {
		fmt.Fprintln(os.Stderr, "become a caller:", become(text, os.Args[1:]))
		os.Exit(1)
	}
	if os.Getenv("LAB99_AS_PROGRAM") != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	// As many as the machine's places allow (share), not as it has processors: all
	// wait for a place, most of them for a load to end. Labs of several commands
	// come up one at a time (lab.Options.Door).
	flag.Set("test.parallel", "64")
	program := func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
	testscript.Main(tidy{m}, map[string]func(){
		"lab99": program, "kubectl-lab99": program, "kubectl_complete-lab99": program,
	})
}

// binaryDir is where the program is built for the tests that need all of it.
var binaryDir string

// tidy makes binaryDir, and removes it after the tests. TestMain may not: it runs in
// every command of a script too, which leaves by os.Exit.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	dir, err := os.MkdirTemp("", "lab99-test-")
	if err != nil {
		panic(err)
	}
	binaryDir = dir
	defer os.RemoveAll(dir)
	return t.M.Run()
}

// TestScripts runs the command line as people do. The scripts under
// testdata/script need no engine.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
		},
		Setup: func(e *testscript.Env) error {
			// No engine for anybody: what needs one must say so.
			e.Setenv("DOCKER_HOST", "unix://"+e.WorkDir+"/no-engine.sock")
			return nil
		},
	})
}

// exits runs a command and wants an exact exit code, exits 64 lab99 run, or one
// of several, where the machine decides: exits 0|3 lab99 doctor.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	if got := exitStatus(err); !slices.Contains(strings.Split(args[0], "|"), got) {
		ts.Fatalf("%v exited with %s, want %s", args[1:], got, args[0])
	}
}
