package results

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Listed is a past run as a list shows it.
type Listed struct {
	Dir        string          `json:"dir"`
	StartedUTC string          `json:"started_utc"`
	Scenario   string          `json:"scenario"`
	Size       string          `json:"size"`
	Driver     string          `json:"driver"`
	Note       string          `json:"note"`
	PlanHash   string          `json:"plan_hash"`
	AsExpected *bool           `json:"as_expected"`
	Partial    bool            `json:"partial"`
	Finding    string          `json:"finding"`
	Variants   []ListedVariant `json:"variants"`
}

// ListedVariant is one row of a past run.
type ListedVariant struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
}

// List finds the runs below root, newest first. What is there and is no run
// is told in the second result, a line each, and keeps nothing else from being
// listed; groups and hidden files are passed over. The error is that root cannot
// be read.
func List(root string) (runs []Listed, others []string, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, nil, fmt.Errorf("list runs: %w", err)
	}
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if strings.HasPrefix(e.Name(), ".") || e.Type()&os.ModeSymlink != 0 { // latest is listed under its name
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, GroupFile)); err == nil {
			continue
		}
		r, err := Glance(dir)
		if err != nil {
			others = append(others, err.Error())
			continue
		}
		runs = append(runs, listed(dir, r))
	}
	slices.SortFunc(runs, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(b.StartedUTC, a.StartedUTC), cmp.Compare(b.Dir, a.Dir))
	})
	return runs, others, nil
}

func listed(dir string, r *Run) Listed {
	l := Listed{
		Dir:        dir,
		StartedUTC: cmp.Or(r.Summary.StartedUTC, r.Env.StartedUTC),
		Scenario:   r.Plan.Scenario,
		Size:       r.Plan.Size,
		Driver:     r.Plan.Driver,
		Note:       r.Plan.Note,
		PlanHash:   r.Plan.Hash,
		AsExpected: r.Summary.AsExpected,
		Partial:    r.Partial(),
		Finding:    r.Summary.Finding,
	}
	for _, p := range r.Plan.Variants {
		l.Variants = append(l.Variants, ListedVariant{p.Name, r.Row(p).Verdict})
	}
	return l
}
