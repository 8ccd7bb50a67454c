// Command incidents writes the track record, docs/incidents.md: public incidents, what the
// laws say of each, and what came of it when lab99 re-enacted it.
//
//	incidents [DIRECTORY]
//
// An incident is one file of scenarios/incidents, a scenario with the key incident. Its size
// quick is what is run, its size thread has the report's own figures and is only predicted.
// DIRECTORY holds runs of the quick size; of an incident that was not run, the page keeps
// what it has. `make incidents` runs all of them and then this.
//
// A test of this package holds everything on the page but what was measured against the
// files and package law, so that it cannot rot.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lab99/lab99/results"
)

// Places, seen from the root of the project.
const (
	scenarioDir = "scenarios/incidents"
	page        = "docs/incidents.md"
)

// Exit codes, as those of lab99.
const (
	failed = 70
	usage  = 64
)

func main() {
	if len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: incidents [DIRECTORY of runs]")
		os.Exit(usage)
	}
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "incidents:", err)
		os.Exit(failed)
	}
}

// write brings the page up to date with the runs of the directories.
func write(dirs []string) error {
	all, err := load(scenarioDir)
	if err != nil {
		return err
	}
	runs := map[string]*results.Run{}
	for _, dir := range dirs {
		if err := open(dir, runs); err != nil {
			return err
		}
	}
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	text, err := fill(string(old), all, runs)
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(text), 0o644)
}

// open reads the runs below a directory, the newest of each scenario.
func open(dir string, runs map[string]*results.Run) error {
	plans, err := filepath.Glob(filepath.Join(dir, "*", results.PlanFile))
	if err != nil {
		return err
	}
	if len(plans) == 0 {
		return fmt.Errorf("%s holds no runs: `lab99 run %s/*.yaml --size quick --out %s` makes them",
			dir, scenarioDir, dir)
	}
	for _, plan := range plans { // their names begin with the date
		r, err := results.Open(filepath.Dir(plan))
		if err != nil {
			fmt.Fprintln(os.Stderr, "incidents: left out:", err)
			continue
		}
		if r.Plan.Size == quick {
			runs[r.Plan.Scenario] = r
		}
	}
	return nil
}
