package cli

import (
	"fmt"
	"runtime"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/scenarios"
)

// listCommand lists the built-in scenarios, or past runs.
func listCommand(t *terminal) *cobra.Command {
	var asJSON, past bool
	var w wanted
	var out string
	cmd := &cobra.Command{
		Use: "list", GroupID: groupResults, Args: none,
		Short: "List the built-in scenarios or, with --runs, past runs",
		RunE: func(*cobra.Command, []string) error {
			switch {
			case past:
				return listRuns(t, out, w, asJSON)
			case w.any() || out != defaultOut:
				return &usageError{"--out, --scenario, --size, --verdict and --note are about past runs; add --runs"}
			}
			return listScenarios(t, asJSON)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&asJSON, "json", false, "print an array instead of a table")
	fs.BoolVar(&past, "runs", false, "list past runs, newest first, instead of scenarios")
	fs.StringVar(&out, "out", defaultOut, "with --runs: `directory` of the runs")
	fs.StringVar(&w.scenario, "scenario", "", "with --runs: those of this scenario only")
	fs.StringVar(&w.size, "size", "", "with --runs: those of this size only")
	fs.StringVar(&w.verdict, "verdict", "", "with --runs: those with a variant of this verdict only")
	fs.StringVar(&w.note, "note", "", "with --runs: those whose note has this `text` in it only")
	completeFlag(cmd, "scenario", completeScenarios)
	words(cmd, "size", "quick", "standard", "full")
	words(cmd, "verdict", verdictWords...)
	_ = cmd.MarkFlagDirname("out")
	return cmd
}

// entry is one scenario of the list. The estimate is for its first size.
type entry struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Title     string   `json:"title"`
	Sizes     []string `json:"sizes"`
	Variants  []string `json:"variants"`
	EstimateS float64  `json:"estimate_s"`
}

// headings are what the list puts above a kind.
var headings = map[string]string{
	scenarios.KindFailure:    "Failures: how nginx runs out of ports",
	scenarios.KindMitigation: "Mitigations: what helps, and how far",
	scenarios.KindMyth:       "Myths: what changes nothing",
	scenarios.KindHarm:       "Harmful: what hides the failure or makes it worse",
	scenarios.KindNewFailure: "New failures: what keepalive brings in exchange",
}

// listScenarios lists the built-in scenarios, one line each.
func listScenarios(t *terminal, asJSON bool) error {
	all, err := entries()
	if err != nil {
		return err
	}
	if asJSON {
		return printEscaped(t.stdout, all)
	}
	name := 0 // width
	for _, e := range all {
		name = max(name, utf8.RuneCountInString(e.Name))
	}
	var total float64
	for i, e := range all {
		if i == 0 || e.Kind != all[i-1].Kind {
			if i > 0 {
				fmt.Fprintln(t.stdout)
			}
			fmt.Fprintln(t.stdout, headings[e.Kind])
		}
		fmt.Fprintf(t.stdout, "  %-*s  %6s  %s\n", name, e.Name, elapsed(e.EstimateS), e.Title)
		total += e.EstimateS
	}
	fmt.Fprintf(t.stdout, "\n%d scenarios. The time is about that of the quick size with the images present; "+
		"`lab99 run --all --size quick` takes about %s.\n", len(all), elapsed(total))
	return nil
}

func entries() ([]entry, error) {
	built, err := scenarios.Builtin()
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, s := range built {
		size := ""
		if len(s.Sizes) > 0 {
			size = s.Sizes[0]
		}
		r, err := s.Resolve(size, nil)
		if err != nil {
			return nil, err
		}
		p, err := lab.Plan(r, "", runtime.NumCPU(), "")
		if err != nil {
			return nil, err
		}
		e := entry{Name: s.Name, Kind: s.Kind, Title: s.Title, Sizes: s.Sizes,
			EstimateS: lab.Estimate(p, driver.Here()).Round(time.Second).Seconds()}
		for _, v := range r.Variants {
			e.Variants = append(e.Variants, v.Name)
		}
		all = append(all, e)
	}
	return all, nil
}
