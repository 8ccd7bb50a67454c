package kernel

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/kernel/guest"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// evidence is what the laws of the table are held against: what one kernel's tasks
// left.
type evidence struct {
	result *Result
	found  ability.Found
}

func read(r *Result) evidence {
	e := evidence{result: r}
	t := r.Tasks[Abilities]
	if t == nil {
		return e
	}
	// What lab99 abilities --json prints, lab99/abilities/v1.
	var printed struct {
		Abilities ability.Found     `json:"abilities"`
		Unknown   map[string]string `json:"unknown"`
	}
	if err := json.Unmarshal(t.Stdout, &printed); err != nil {
		e.found = ability.Nothing(failure(t))
		return e
	}
	e.found, e.found.Unknown = printed.Abilities, printed.Unknown
	return e
}

// variant is one row of a lab's summary, and the time of its load by the guest's
// clock.
type variant struct {
	results.Variant
	apart float64 // how far the guest's clock and the host's parted meanwhile
	timed bool    // whether that is known
}

// find returns a variant of a lab: of the second run where the machine had no time
// for it in the first. Where there is none that counts, the cell says why.
func (e evidence) find(task, name string) (variant, *Cell) {
	v, none := e.findIn(e.result.Tasks[task], name)
	if none == nil && v.Verdict != law.Invalid {
		return v, nil
	}
	if again, noneAgain := e.findIn(e.result.Tasks[task+guest.Second], name); noneAgain == nil {
		return again, nil
	}
	return v, none
}

func (e evidence) findIn(t *Task, name string) (variant, *Cell) {
	if t == nil {
		return variant{}, &Cell{Text: "–"}
	}
	var s results.Summary
	if err := json.Unmarshal(t.Stdout, &s); err != nil {
		return variant{}, &Cell{Text: "no result", Why: failure(t)}
	}
	for _, v := range s.Skipped {
		if v.Name == name {
			return variant{}, &Cell{Text: "skipped", Why: v.Why}
		}
	}
	i := slices.IndexFunc(s.Variants, func(v results.Variant) bool { return v.Name == name })
	if i < 0 {
		return variant{}, &Cell{Text: "not run", Why: failure(t)}
	}
	v := variant{Variant: s.Variants[i]}
	if v.Verdict == law.Error {
		return variant{}, &Cell{Text: v.Verdict, Why: v.Why}
	}
	v.apart, v.timed = e.clock(t, name)
	return v, nil
}

// undisturbed says that the machine had time for the guest: its times and its
// verdict count. What lab99 calls invalid still has counts, which need no clock.
func (v variant) undisturbed() *Cell {
	if v.Verdict == law.Invalid {
		why, _, _ := strings.Cut(v.Why, ";")
		return &Cell{Text: law.Invalid, Why: why}
	}
	return nil
}

// clock says how far the clocks parted during a variant's load.
func (e evidence) clock(t *Task, name string) (float64, bool) {
	if len(e.result.Clock.ticks) == 0 {
		return 0, e.result.BootS == 0 // the host's kernel has no other clock to be held against
	}
	for file, data := range t.Files {
		if path.Base(file) != results.TotalsFile || path.Base(path.Dir(file)) != name {
			continue
		}
		var load results.Totals
		if err := json.Unmarshal(data, &load); err != nil {
			continue
		}
		return e.result.Clock.Apart(float64(load.StartNs)/1e9, float64(load.EndNs)/1e9)
	}
	return 0, false
}

// failure says why a task left no result.
func failure(t *Task) string {
	if t.TimedOut {
		return t.Why
	}
	said := ""
	for line := range strings.Lines(string(t.Stderr)) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != ' ' { // hints are indented
			said = line
		}
	}
	if said == "" {
		said = t.Why
	}
	return fmt.Sprintf("exit %d: %s", t.Exit, said)
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
