package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
)

// stage writes files below a directory of its own.
func stage(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	filetest.Tree(t, root, files)
	return root
}

const (
	aPlan = `{"schema":"lab99/plan/v1","scenario":"s","size":"quick","note":"before the ` +
		`upgrade","variants":[{"name":"a"},{"name":"b"}]}`
	anOlder = `{"schema":"lab99/summary/v1","started_utc":"2026-11-23T01:00:00Z","as_expected":true,` +
		`"variants":[{"name":"a","verdict":"reproduced"},{"name":"b","verdict":"mitigated"}]}`
)

// TestListFindsRunsAmongGarbage: newest first, whatever else lies there.
func TestListFindsRunsAmongGarbage(t *testing.T) {
	root := stage(t, map[string]string{
		"20261123-010000-s-quick/plan.json":          aPlan,
		"20261123-010000-s-quick/summary.json":       anOlder,
		"20261123-010000-s-quick/env.json":           `{}`,
		"20261123-020000-s-quick/plan.json":          aPlan,
		"20261123-020000-s-quick/env.json":           `{"started_utc":"2026-11-23T02:00:00Z"}`,
		"20261123-010000-s-quick-group/group.json":   "whatever",
		"20261123-030000-s-quick/plan.json":          strings.Replace(aPlan, "plan/v1", "plan/v2", 1),
		"20261123-040000-s-quick/plan.json":          "{",
		"20261123-050000-s-quick/plan.json/not-file": "",
		"notes.txt":   "mine",
		".hidden/x":   "",
		"empty/other": "",
	})
	if err := os.Symlink("20261123-020000-s-quick", filepath.Join(root, "latest")); err != nil {
		t.Fatal(err)
	}
	runs, others, err := List(root)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	want := []Listed{
		{
			Dir:        filepath.Join(root, "20261123-020000-s-quick"),
			StartedUTC: "2026-11-23T02:00:00Z",
			Scenario:   "s",
			Size:       "quick",
			Note:       "before the upgrade",
			Partial:    true,
			Variants:   []ListedVariant{{"a", NotRun}, {"b", NotRun}},
		},
		{
			Dir:        filepath.Join(root, "20261123-010000-s-quick"),
			StartedUTC: "2026-11-23T01:00:00Z",
			Scenario:   "s",
			Size:       "quick",
			Note:       "before the upgrade",
			AsExpected: &yes,
			Variants:   []ListedVariant{{"a", "reproduced"}, {"b", "mitigated"}},
		},
	}
	if diff := cmp.Diff(want, runs); diff != "" {
		t.Error(diff)
	}
	all := strings.Join(others, "\n")
	for _, name := range []string{"20261123-030000", "20261123-040000", "20261123-050000", "notes.txt", "empty"} {
		if !strings.Contains(all, name) {
			t.Errorf("%s is passed over without a word: %s", name, all)
		}
	}
	if len(others) != 5 || !strings.Contains(all, "newer lab99") {
		t.Errorf("told of %q", others)
	}
	if _, _, err := List(filepath.Join(root, "nowhere")); err == nil {
		t.Error("a directory that is not there was listed")
	}
}

func TestGroups(t *testing.T) {
	root := stage(t, map[string]string{
		"one/group.json":  `{"schema":"lab99/group/v1","runs":["20261123-010000-s-quick","20261123-020000-s-quick"]}`,
		"away/group.json": `{"schema":"lab99/group/v1","runs":["../../etc"]}`,
		"none/group.json": `{"schema":"lab99/group/v1","runs":[]}`,
		"new/group.json":  `{"schema":"lab99/group/v2"}`,
		"bad/group.json":  `{`,
		"run/plan.json":   aPlan,
	})
	runs, is, err := OpenGroup(filepath.Join(root, "one"))
	if err != nil || !is || len(runs) != 2 || runs[1] != filepath.Join(root, "20261123-020000-s-quick") {
		t.Errorf("%v, %v, %v", runs, is, err)
	}
	if _, is, err := OpenGroup(filepath.Join(root, "run")); is || err != nil {
		t.Errorf("a run is a group: %v, %v", is, err)
	}
	for dir, says := range map[string]string{
		"away": "../../etc",
		"none": "0 runs",
		"new":  "newer lab99",
		"bad":  "group.json:1",
	} {
		if _, _, err := OpenGroup(filepath.Join(root, dir)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one with %s", dir, err, says)
		}
	}
	a, err := NewGroup(filepath.Join(root, "20261123-010000-s-quick"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewGroup(filepath.Join(root, "20261123-010000-s-quick"))
	if err != nil || a.Dir == b.Dir {
		t.Errorf("%v; %s and %s", err, a.Dir, b.Dir)
	}
}
