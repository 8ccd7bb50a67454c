package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// Sizes of an incident.
const (
	quick  = "quick"  // is run
	thread = "thread" // has the report's figures, as far as it gives any
)

// incident is a report with what the laws say of it.
type incident struct {
	scenarios.Incident
	name   string
	plan   *results.Plan
	atSize *results.Plan // nil: the report gives too few figures
}

// load reads and plans the files of a directory.
func load(dir string) ([]incident, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no files: run this from the root of the project", dir)
	}
	var all []incident
	for _, file := range files {
		i, err := read(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, i)
	}
	return all, nil
}

func read(file string) (i incident, err error) {
	s, err := scenarios.Load(file)
	if err != nil {
		return i, err
	}
	i = incident{Incident: s.Incident, name: s.Name}
	switch {
	case i.Link == "" || i.Found == "":
		return i, errors.New("incident.link or incident.found is missing")
	case s.Name+".yaml" != filepath.Base(file):
		return i, fmt.Errorf("the file is not named after the scenario, %s", s.Name)
	}
	if i.plan, err = plan(s, quick); err == nil && slices.Contains(s.Sizes, thread) {
		i.atSize, err = plan(s, thread)
	}
	return i, err
}

func plan(s *scenarios.Scenario, size string) (*results.Plan, error) {
	r, err := s.Resolve(size, nil)
	if err != nil {
		return nil, err
	}
	r, _ = lab.AdaptToOverrides(r) // as a run does, for a configuration of one's own
	return lab.Plan(r, "netns", 2, "")
}

var threadRE = regexp.MustCompile(`^https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)`)

// title is how people call a report: owner/repository#number, or its host.
func (i incident) title() string {
	if m := threadRE.FindStringSubmatch(i.Link); m != nil {
		return m[1] + "#" + m[2]
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(i.Link, "https://"), "/")
	return host
}

// rateTold says whether the report gives the rate.
func (i incident) rateTold() bool { return !strings.Contains(i.Untold, "rate") }

// law is what the laws give for the report's own figures.
func (i incident) law() string {
	if i.atSize == nil {
		return "–"
	}
	v := i.atSize.Variants[0]
	s, p := v.Laws(), v.Predicted
	k := float64(p.Tuples)
	text := fmt.Sprintf("K = %s, at most %.0f new connections/s", format.Grouped(int64(p.Tuples)), k/p.HoldS)
	switch rho := p.Rho; {
	case !i.rateTold():
		return text
	case s.Race && rho > 1:
		return text + fmt.Sprintf("; at %g/s ρ = %.2f · f: ports run out if f is above %.2f", v.RatePerS, rho, 1/rho)
	case rho > 1:
		return text + fmt.Sprintf("; at %g/s ρ = %.2f, and error 99 after %.1f s", v.RatePerS, rho, k/v.RatePerS)
	default:
		return text + fmt.Sprintf("; at %g/s ρ = %.2f", v.RatePerS, rho)
	}
}

// predicted is what the laws say of a variant in the quick size.
func predicted(v results.VariantPlan) string {
	p, s := v.Predicted, v.Laws()
	switch at := p.FirstError99S; {
	case s.NamedPorts > 0 && p.Verdict == law.NotReproduced:
		return fmt.Sprintf("never; %d ok, then error 98", p.Tuples)
	case at == nil:
		return "never"
	case s.Race:
		return fmt.Sprintf("%.2f s / f", *at)
	case *at > v.DurationS:
		return fmt.Sprintf("%.2f s, after the load", *at)
	default:
		return fmt.Sprintf("%.2f s", *at)
	}
}

// measured is what came of it.
func measured(v results.Variant, race bool) string {
	if v.FirstError == nil {
		text := "never"
		if v.OK != nil && v.Failed != nil && *v.Failed > 0 {
			text += fmt.Sprintf("; %d ok, %d failed otherwise", *v.OK, *v.Failed)
		}
		return text
	}
	text := fmt.Sprintf("%.2f s", *v.FirstError)
	if f, with := v.CloseShare, v.Predicted.FirstError99S; race && f != nil && with != nil {
		text += fmt.Sprintf("; f = %.2f, with which the law gives %.2f s", *f, *with)
	}
	return text
}

// holds names the variants by whether ports last, by their expected verdicts.
func (i incident) holds() string {
	var yes, no []string
	for n, v := range i.plan.Variants {
		expected := v.Expect
		if expected == law.Predicted {
			expected = v.Predicted.Verdict
		}
		name := cmp.Or(v.Title, v.Name)
		switch {
		case n == 0: // what was reported
		case expected == law.Mitigated:
			yes = append(yes, name)
		case expected == law.Postponed:
			no = append(no, name+" (only later)")
		default:
			no = append(no, name)
		}
	}
	var text []string
	if len(yes) > 0 {
		text = append(text, "Holds: "+strings.Join(yes, "; "))
	}
	if len(no) > 0 {
		text = append(text, "Does not: "+strings.Join(no, "; "))
	}
	return strings.Join(text, ". ")
}

// said is what the report says, and what it does not.
func (i incident) said() string {
	text := i.Found
	if i.Fix != "" {
		text += " Its fix: " + i.Fix + "."
	}
	if i.Untold != "" {
		text += " Untold: " + i.Untold + "."
	}
	return text
}

// command re-enacts it.
func (i incident) command() string {
	return fmt.Sprintf("`lab99 run %s/%s.yaml --size quick`", scenarioDir, i.name)
}
