package lab

import (
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

var update = flag.Bool("update", false, "rewrite the tables of the lessons")

// sections are what a lesson has, in this order.
var sections = []string{"The question", "What will happen", "Why", "How to tell", "Numbers to expect", "Run it"}

// TestLessons: each scenario's directory has a lesson, and the figures it
// quotes are those the plan foretells.
func TestLessons(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 24 {
		t.Errorf("%d scenarios, want at least 24", len(all))
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			path := filepath.Join("..", "scenarios", s.Name, "README.md")
			b := filetest.Read(t, path)
			text := string(b)
			if want := "# " + s.Name + ": " + s.Title + "\n"; !strings.HasPrefix(text, want) {
				t.Errorf("does not begin with its name and title: %q", want)
			}
			bodies := sectionsOf(text)
			last := -1
			for _, name := range sections {
				at := strings.Index(text, "\n## "+name+"\n")
				if at < 0 || strings.TrimSpace(bodies[name]) == "" {
					t.Errorf("no section %q, or an empty one", name)
					continue
				}
				if at < last {
					t.Errorf("section %q is out of order", name)
				}
				last = at
			}
			if !strings.Contains(bodies["Why"], "](https://") {
				t.Error("the rule has no link to where it is written")
			}
			if want := "lab99 run " + s.Name + " --size quick"; !strings.Contains(bodies["Run it"], want) {
				t.Errorf("does not say %q", want)
			}
			want := tableOf(t, s)
			got := tableRE.FindString(bodies["Numbers to expect"])
			if got == want {
				return
			}
			if *update {
				filetest.Write(t, path, replaceTable(text, got, want))
				return
			}
			t.Errorf("its figures are not those of the plan (-want +got); -update rewrites them:\n%s",
				cmp.Diff(want, got))
		})
	}
}

// TestCatalogueIsShort: all of it in the quick size takes under 25
// minutes.
func TestCatalogueIsShort(t *testing.T) {
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var total float64
	for _, s := range all {
		total += Estimate(planned(t, s, "quick"), driver.Machine{CPUs: 2}).Minutes()
	}
	t.Logf("about %.1f minutes", total)
	if total > 25 {
		t.Errorf("the whole catalogue takes %.1f minutes in the quick size, want at most 25", total)
	}
}

var tableRE = regexp.MustCompile(`(?m)(^\|.*\n)+`)

// replaceTable puts the table in the place of the old one, or at the head of
// its section.
func replaceTable(text, old, table string) string {
	if old != "" {
		return strings.Replace(text, old, table, 1)
	}
	const heading = "\n## Numbers to expect\n"
	return strings.Replace(text, heading, heading+"\n"+table, 1)
}

// sectionsOf are the bodies below the second-level headings.
func sectionsOf(text string) map[string]string {
	bodies := map[string]string{}
	for _, part := range strings.Split(text, "\n## ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		bodies[name] = body
	}
	return bodies
}

// tableOf are the figures of a scenario: a row per variant, a column per size.
func tableOf(t *testing.T, s *scenarios.Scenario) string {
	t.Helper()
	sizes := s.Sizes[:2] // quick and standard; a larger one may depend on the machine
	plans := []*results.Plan{}
	head := []string{"variant"}
	for _, size := range sizes {
		plans = append(plans, planned(t, s, size))
		head = append(head, size)
	}
	rows := [][]string{append(head, "expected"), {"---", "---", "---", "---"}}
	for i, v := range plans[0].Variants {
		row := []string{v.Name}
		for _, p := range plans {
			row = append(row, due99(p.Variants[i]))
		}
		rows = append(rows, append(row, expected(v)))
	}
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String()
}

func planned(t *testing.T, s *scenarios.Scenario, size string) *results.Plan {
	t.Helper()
	r, err := s.Resolve(size, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Plan(r, "docker", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// due99 is what a plan says of error 99, in words.
func due99(v results.VariantPlan) string {
	p := v.Predicted
	ports := fmt.Sprintf("%g/s on %d ports: ", v.RatePerS, v.PortHigh-v.PortLow+1)
	first := p.FirstError99S
	switch {
	case v.Random:
		lost := 100 * law.ErlangB(p.Tuples, p.Rho*float64(p.Tuples)+v.Setup.InFlight)
		if lost < 0.001 {
			return ports + "less than 0.001 % are lost"
		}
		return ports + fmt.Sprintf("%.2g %% are lost", lost)
	case p.CollapseS != nil && *p.CollapseS < v.DurationS:
		return ports + fmt.Sprintf("the rate collapses after %.2f s", *p.CollapseS)
	case first == nil:
		return ports + fmt.Sprintf("no error 99, ρ %.2f", p.Rho)
	case v.Race && v.Expect != law.Mitigated:
		return ports + fmt.Sprintf("first error 99 after %.2f s / f, %d / f requests succeed",
			*first, *p.OKBeforeError99)
	case v.Race:
		return ports + "no error 99 if the release keeps connections"
	case *first > v.DurationS:
		return ports + fmt.Sprintf("no error 99 in %g s, due after %.2f s", v.DurationS, *first)
	case *p.OKBeforeError99 == 0:
		return ports + fmt.Sprintf("first error 99 after %.2f s, before the first response", *first)
	}
	return ports + fmt.Sprintf("first error 99 after %.2f s, %d %s succeed", *first, *p.OKBeforeError99, v.Setup.Unit())
}

// expected is what the scenario claims.
func expected(v results.VariantPlan) string {
	words := []string{v.Expect}
	if v.Expect == law.Predicted {
		words[0] = "as the law has it"
	}
	for _, c := range v.Claims {
		words = append(words, "`"+c.String()+"`")
	}
	return strings.Join(words, ", ")
}
