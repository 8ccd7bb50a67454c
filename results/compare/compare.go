// Package compare holds runs against each other: before and after an upgrade,
// one kernel and another, or one run repeated to see how far it scatters.
//
// A side is one run or several that repeat each other; the first side is the
// base. Of every figure of a variant a side has the median with its confidence
// interval (golang.org/x/perf/benchmath with AssumeNothing, as latencies and
// times are anything but normal), and against the base the difference, or ~
// where the Mann-Whitney test shows none. What did not come is later than all
// that did. A single run is not shown to differ from another, nor are three
// from three: it takes four on each side, or three against five. Each figure is
// tested by itself, and how many differ by chance alone is said below.
//
// Verdicts are held against each other by Fisher's exact test, and decide the
// exit code (verdicts.go).
//
// Runs of two scenarios or sizes cannot be compared, nor can a variant of which
// they asked for other things, by its resolved plan or what its configurations
// come to: the difference would be that of the question. It is then invalid,
// with the reason, as is a variant that a side has no valid measurement of. What
// differs between the machines, drivers and images, or in the text of the
// scenario, stands first, since it is what a difference is put down to.
//
// Neighbours: package results reads the runs, package report words one of them.
package compare

import (
	"fmt"

	"github.com/lab99/lab99/results"
)

// Schema names the format of the JSON of a Result; its JSON Schema is in the
// package schema.
const Schema = "lab99/compare/v1"

// Side is a number of runs that are taken for repetitions of one.
type Side struct {
	Label string
	Runs  []*results.Run
}

// Result is what came of a comparison.
type Result struct {
	Schema      string       `json:"schema"`
	Valid       bool         `json:"valid"`
	Invalid     []string     `json:"invalid"` // why the sides cannot be compared, one reason each
	Confidence  float64      `json:"confidence"`
	Alpha       float64      `json:"alpha"` // below this p a difference is shown
	Sides       []SideInfo   `json:"sides"` // the first is the base
	Environment []Difference `json:"environment_differences"`
	Variants    []Variant    `json:"variants"`
	Notes       []string     `json:"notes"`

	unknown []string // runs without an environment
}

// SideInfo says which runs a side is made of.
type SideInfo struct {
	Label    string    `json:"label"`
	Scenario string    `json:"scenario"`
	Size     string    `json:"size"`
	Runs     []RunInfo `json:"runs"`
}

// RunInfo names a run.
type RunInfo struct {
	Dir        string `json:"dir"`
	StartedUTC string `json:"started_utc"`
	Note       string `json:"note"`
	PlanHash   string `json:"plan_hash"`
}

// Variant is a row of the scenario on every side.
type Variant struct {
	Name     string           `json:"name"`
	Valid    bool             `json:"valid"`
	Invalid  *string          `json:"invalid"`  // why it cannot be compared
	Verdicts []map[string]int `json:"verdicts"` // by side: how many runs came to which
	LeftOut  []string         `json:"left_out"` // runs whose measurement of it does not count, and why
	Metrics  []Metric         `json:"metrics"`

	VerdictTests []VerdictTest `json:"verdict_tests"` // by side, of the verdicts that count; the base's is none

	counted []map[string]int // the verdicts less those of runs left out
}

// Metric is a figure of a variant on every side.
type Metric struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"` // "" for a ratio or a count
	Sides []Value `json:"sides"`
}

// Compare holds the sides against the first.
func Compare(sides []Side) (*Result, error) {
	if len(sides) == 0 {
		return nil, fmt.Errorf("nothing to compare")
	}
	r := &Result{Schema: Schema, Confidence: confidence, Alpha: thresholds.CompareAlpha,
		Invalid: unlike(sides), Environment: differences(sides), Variants: []Variant{}, Notes: []string{}}
	r.Valid = len(r.Invalid) == 0
	for _, s := range sides {
		if len(s.Runs) == 0 {
			return nil, fmt.Errorf("%s has no runs", s.Label)
		}
		info := SideInfo{Label: s.Label, Scenario: s.Runs[0].Plan.Scenario, Size: s.Runs[0].Plan.Size}
		for _, run := range s.Runs {
			if run.Env.Kernel == "" {
				r.unknown = append(r.unknown, run.ID())
			}
			info.Runs = append(info.Runs, RunInfo{run.Dir, run.Summary.StartedUTC, run.Plan.Note, run.Plan.Hash})
		}
		r.Sides = append(r.Sides, info)
	}
	for _, name := range variantNames(sides) {
		r.Variants = append(r.Variants, r.variant(name, sides))
	}
	testVerdicts(r.Variants, r.Alpha)
	r.Notes = append(r.Notes, r.caveats()...)
	return r, nil
}

// variantNames are those of all sides, in the order of the first that has them.
func variantNames(sides []Side) []string {
	var names []string
	seen := map[string]bool{}
	for _, s := range sides {
		for _, run := range s.Runs {
			for _, p := range run.Plan.Variants {
				if !seen[p.Name] {
					seen[p.Name] = true
					names = append(names, p.Name)
				}
			}
		}
	}
	return names
}

// AllValid says whether everything could be compared.
func (r *Result) AllValid() bool {
	for _, v := range r.Variants {
		if !v.Valid {
			return false
		}
	}
	return r.Valid
}
