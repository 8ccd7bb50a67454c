package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/law"
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

// TestShortScenarios runs those that every test run has time for, their variants
// at once and then one after the other. The figures must not tell which it was.
// TestSoakShortScenarios has six.
func TestShortScenarios(t *testing.T) { atOnceAndSerial(t, "backend-ports", "same-address-thrice") }

func atOnceAndSerial(t *testing.T, names ...string) {
	t.Helper()
	t.Parallel()
	leave := room(t, manyLabs)
	i := ran(t, "netns", slices.Concat([]string{"run"}, names, []string{"--size", "quick", "--parallel", "2"})...)
	leave()
	i.nothingLeft(t)
	_, c := i.catalogue(t)
	atOnce := map[string]string{} // directories, by scenario
	for _, r := range c.Scenarios {
		atOnce[r.Name] = filepath.Join(i.out, r.Run)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			teaches(t, atOnce[name])
			need := quickLab
			if name == "source-ips" { // whose rate is 1,000
				need = manyLabs
			}
			share(t, "netns", need)
			i := ran(t, "netns", "run", name, "--size", "quick", "--parallel", "1")
			i.nothingLeft(t)
			sameFigures(t, i.dir(t), atOnce[name])
		})
	}
}

// sameFigures holds two runs of a scenario against each other, within the
// tolerances of the laws. Where the moment is an outcome of a race, it is left
// out.
func sameFigures(t *testing.T, serial, atOnce string) {
	t.Helper()
	a, b := summaryIn(t, serial), summaryIn(t, atOnce)
	for n, v := range a.Variants {
		w := b.Variants[n]
		if v.Name != w.Name || v.Verdict != w.Verdict {
			t.Errorf("%s is %s one after the other, and %s is %s at once", v.Name, v.Verdict, w.Name, w.Verdict)
			continue
		}
		if v.Predicted.GivenShare != nil {
			continue
		}
		// The law knows which successes are free of the replies that were under way when the
		// first error came: 8 of 300 after a pause of 40 ms.
		for _, id := range []string{law.FirstError99.ID, law.OKBefore.ID} {
			c, d := comparisonOf(v, id), comparisonOf(w, id)
			if c == nil || d == nil || c.Measured == nil || d.Measured == nil {
				continue
			}
			if math.Abs(*c.Measured-*d.Measured) > max(c.Tolerance, d.Tolerance) {
				t.Errorf("%s: %s is %g one after the other, and %g at once",
					v.Name, c.Quantity, *c.Measured, *d.Measured)
			}
		}
	}
}

func comparisonOf(v results.Variant, id string) *results.Comparison {
	i := slices.IndexFunc(v.Comparisons, func(c results.Comparison) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &v.Comparisons[i]
}

// catalogue reads what run --all has written, and holds it against its schema.
func (i *invocation) catalogue(t *testing.T) (dir string, c results.Catalogue) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(i.out, "*-all"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the directory of a catalogue: %v, %v", found, err)
	}
	b := filetest.Read(t, filepath.Join(found[0], results.SummaryFile))
	if err := schematest.Catalogue(t, b); err != nil {
		t.Errorf("summary.json does not fit its schema: %v", err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	index := filetest.Read(t, filepath.Join(found[0], results.IndexFile))
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

// TestAllStops: Ctrl-C ends the loads under way, judges them, and prints the
// table of what there is. No further scenario begins.
func TestAllStops(t *testing.T) {
	share(t, "netns", manyLabs)
	i := startOn(t, "netns", "run", "--all", "--size", "quick", "--parallel", "2")
	i.waitForLoad(t, 10)
	i.cmd.Process.Signal(os.Interrupt)
	i.wait(t, "130")
	i.nothingLeft(t)
	_, c := i.catalogue(t)
	ran := slices.DeleteFunc(slices.Clone(c.Scenarios), func(r results.CatalogueRow) bool { return !r.Reported })
	if !c.Partial || len(ran) == 0 || len(c.Scenarios) > 8 || c.Asked < 24 {
		t.Fatalf("partial %v, %d of %d scenarios, %d with a report", c.Partial, len(c.Scenarios), c.Asked, len(ran))
	}
	for _, r := range c.Scenarios {
		if r.Reported != (len(r.Variants) > 0) {
			t.Errorf("%s: %d variants, and its report is there: %v", r.Name, len(r.Variants), r.Reported)
		}
	}
	partial := fmt.Sprintf("Partial: %d of ", len(c.Scenarios))
	if out := i.stdout.String(); !strings.Contains(out, ran[0].Name) || !strings.Contains(out, partial) {
		t.Errorf("the table says nothing of it:\n%s", out)
	}
	if talk := i.stderr.String(); !strings.Contains(talk, "scenarios, size quick: about ") {
		t.Error("the estimate was not said")
	}
}

// TestAllGivesUpOnTheMachine: a scenario that cannot be run does not keep the
// next from running, until it is plain that the machine can run none.
func TestAllGivesUpOnTheMachine(t *testing.T) {
	share(t, "netns", tinyLab)
	// The driver runs no images, so none of the registry's.
	i := startOn(t, "netns", "run", "--all", "--size", "quick", "--images", "registry", "--json")
	i.wait(t, "3")
	_, c := i.catalogue(t)
	if len(c.Scenarios) != 3 || !c.Partial || c.ExitCode != 3 {
		t.Errorf("%d of %d scenarios were tried, partial %v, exit code %d; want 3, true, 3",
			len(c.Scenarios), c.Asked, c.Partial, c.ExitCode)
	}
	for _, r := range c.Scenarios {
		if r.ExitCode != 3 || !strings.Contains(r.Error, "runs no images") {
			t.Errorf("%s: exit code %d, %q", r.Name, r.ExitCode, r.Error)
		}
	}
	if err := schematest.Catalogue(t, []byte(i.stdout.String())); err != nil {
		t.Errorf("--json does not fit its schema: %v", err)
	}
	if !strings.Contains(i.stderr.String(), "3 scenarios in a row could not be run") {
		t.Error("the reason for the end was not said")
	}
}
