package cli

import (
	"context"
	"fmt"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

// list lists the built-in scenarios, or past runs.
func list(_ context.Context, t *terminal, args []string) error {
	var asJSON, past bool
	var w wanted
	var out string
	fs := flags(t, "list", "[flags]")
	fs.BoolVar(&asJSON, "json", false, "print an array instead of a table")
	fs.BoolVar(&past, "runs", false, "list past runs, newest first, instead of scenarios")
	fs.StringVar(&out, "out", defaultOut, "with --runs: `directory` of the runs")
	fs.StringVar(&w.scenario, "scenario", "", "with --runs: those of this scenario only")
	fs.StringVar(&w.size, "size", "", "with --runs: those of this size only")
	fs.StringVar(&w.verdict, "verdict", "", "with --runs: those with a variant of this verdict only")
	fs.StringVar(&w.note, "note", "", "with --runs: those whose note has this `text` in it only")
	rest, err := parse(fs, args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return &usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	case past:
		return listRuns(t, out, w, asJSON)
	case w.any() || out != defaultOut:
		return &usageError{"--out, --scenario, --size, --verdict and --note are about past runs; add --runs"}
	}
	return listScenarios(t, asJSON)
}

// validate checks files and says everything that is wrong with each.
func validate(_ context.Context, t *terminal, args []string) error {
	fs := flags(t, "validate", "FILE...")
	files, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &usageError{"name the scenario files to check"}
	}
	bad := false
	for _, file := range files {
		if _, err := scenarios.Load(file); err != nil {
			fmt.Fprintln(t.stderr, err)
			bad = true
			continue
		}
		fmt.Fprintln(t.stdout, file+": ok")
	}
	if bad {
		return exitError(verdict.ExitUsage)
	}
	return nil
}
