package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/compare"
)

// TestRepeat: several runs in a row, all stored as any other, and their medians
// as one comparison.
func TestRepeat(t *testing.T) {
	share(t, "netns", tinyLab)
	i := ran(t, "netns", "run", tiny, "--repeat", "2", "--json")
	if err := schematest.Compare(t, []byte(i.stdout.String())); err != nil {
		t.Fatalf("%v: %s", err, i.stdout.String())
	}
	var r compare.Result
	if err := json.Unmarshal([]byte(i.stdout.String()), &r); err != nil {
		t.Fatal(err)
	}
	if !r.AllValid() || len(r.Environment) > 0 || len(r.Sides) != 1 || len(r.Sides[0].Runs) != 2 {
		t.Fatalf("%s", i.stdout.String())
	}
	for _, m := range r.Variants[0].Metrics {
		// 100 tuples at 100 requests/s: K/R = 1 s, within the law's 30 ms.
		if first := m.Sides[0]; m.Name == "first error 99" && (first.N != 2 || *first.Median < 0.97 || *first.Median > 1.03) {
			t.Errorf("%+v", first)
		}
	}
	listed, others, err := results.List(i.out)
	if err != nil || len(listed) != 2 || len(others) > 0 {
		t.Errorf("%d runs are listed, %v, %v", len(listed), others, err)
	}
	for _, l := range listed {
		if _, err := os.Stat(filepath.Join(l.Dir, "report.html")); err != nil {
			t.Error(err)
		}
	}
	i.nothingLeft(t)
}

// TestRepeatInterrupted: the run under way is judged, no other begins, and the
// group has what there is.
func TestRepeatInterrupted(t *testing.T) {
	share(t, "netns", tinyLab)
	i := startOn(t, "netns", "run", tiny, "--repeat", "50")
	i.waitForLoad(t, 3)
	i.cmd.Process.Signal(os.Interrupt)
	began := time.Now()
	i.wait(t, "130")
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if out := i.stdout.String(); !strings.Contains(out, "Ended after 1 of 50 runs.") {
		t.Errorf("it does not say that it ended early: %s", out)
	}
	groups, err := filepath.Glob(filepath.Join(i.out, "*", results.GroupFile))
	if err != nil || len(groups) != 1 {
		t.Fatalf("groups %v, %v", groups, err)
	}
	if runs, _, err := results.OpenGroup(filepath.Dir(groups[0])); err != nil || len(runs) != 1 {
		t.Errorf("runs %v, %v", runs, err)
	}
	i.nothingLeft(t)
}
