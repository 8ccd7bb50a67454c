package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// TestEachVariantHasALesson: no scenario is in the catalogue whose runs nobody
// holds against a law.
func TestEachVariantHasALesson(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		r, err := s.Resolve("quick", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Variants {
			if lessons[s.Name][v.Name] == nil {
				t.Errorf("%s: nothing is known of %s", s.Name, v.Name)
			}
		}
		if len(lessons[s.Name]) != len(r.Variants) {
			t.Errorf("%s has %d variants, and %d lessons", s.Name, len(r.Variants), len(lessons[s.Name]))
		}
	}
	if len(lessons) != len(all) {
		t.Errorf("%d scenarios, and lessons of %d", len(all), len(lessons))
	}
}

// TestShortScenarios runs those that every test run has time for.
func TestShortScenarios(t *testing.T) {
	for _, name := range []string{"backend-ports", "same-address-thrice", "tw-reuse-ceiling", "source-ips", "unix-socket", "half-done-keepalive"} {
		t.Run(name, func(t *testing.T) {
			i := startOn(t, "netns", "run", name, "--size", "quick")
			i.wait(t, "0")
			i.nothingLeft(t)
			i.summary(t) // fits its schema
			teaches(t, i.dir(t))
		})
	}
}

// catalogue reads what run --all has written, and holds it against its schema.
func (i *invocation) catalogue(t *testing.T) (dir string, c results.Catalogue) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(i.out, "*-all"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the directory of a catalogue: %v, %v", found, err)
	}
	b, err := os.ReadFile(filepath.Join(found[0], results.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Catalogue(t, b); err != nil {
		t.Errorf("summary.json does not fit its schema: %v", err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(found[0], results.IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Scenarios {
		if !strings.Contains(string(index), r.Name) {
			t.Errorf("%s is not in the index", r.Name)
		}
		if r.Reported {
			if _, err := os.Stat(filepath.Join(i.out, r.Run, "report.html")); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
		}
	}
	return found[0], c
}

// TestAllStopsAfterTheFirst: Ctrl-C ends the load of the scenario under way,
// judges it, and prints the table of what there is.
func TestAllStopsAfterTheFirst(t *testing.T) {
	i := startOn(t, "netns", "run", "--all", "--size", "quick")
	i.waitForLoad(t, 10)
	i.cmd.Process.Signal(os.Interrupt)
	i.wait(t, "130")
	i.nothingLeft(t)
	_, c := i.catalogue(t)
	if !c.Partial || len(c.Scenarios) != 1 || c.Asked < 24 || !c.Scenarios[0].Reported {
		t.Errorf("partial %v, %d of %d scenarios, want the first, with a report", c.Partial, len(c.Scenarios), c.Asked)
	}
	if out := i.stdout.String(); !strings.Contains(out, c.Scenarios[0].Name) || !strings.Contains(out, "Partial: 1 of ") {
		t.Errorf("the table says nothing of it:\n%s", out)
	}
	if talk := i.stderr.String(); !strings.Contains(talk, "scenarios, size quick: about ") {
		t.Error("the estimate was not said")
	}
}

// TestAllGivesUpOnTheMachine: a scenario that cannot be run does not keep the
// next from running, until it is plain that the machine can run none.
func TestAllGivesUpOnTheMachine(t *testing.T) {
	// The driver runs no images, so none of the registry's.
	i := startOn(t, "netns", "run", "--all", "--size", "quick", "--images", "registry", "--json")
	i.wait(t, "3")
	_, c := i.catalogue(t)
	if len(c.Scenarios) != 3 || !c.Partial || c.ExitCode != 3 {
		t.Errorf("%d of %d scenarios were tried, partial %v, exit code %d; want 3, true, 3", len(c.Scenarios), c.Asked, c.Partial, c.ExitCode)
	}
	for _, r := range c.Scenarios {
		if r.ExitCode != 3 || !strings.Contains(r.Error, "runs no images") {
			t.Errorf("%s: exit code %d, %q", r.Name, r.ExitCode, r.Error)
		}
	}
	if err := schematest.Catalogue(t, i.stdout.Bytes()); err != nil {
		t.Errorf("--json does not fit its schema: %v", err)
	}
	if !strings.Contains(i.stderr.String(), "3 scenarios in a row could not be run") {
		t.Error("the reason for the end was not said")
	}
}
