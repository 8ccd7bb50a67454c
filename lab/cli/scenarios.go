package cli

import (
	"context"
	"fmt"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

// list lists the built-in scenarios.
func list(_ context.Context, t *terminal, args []string) error {
	var asJSON bool
	fs := flags(t, "list", "[flags]")
	fs.BoolVar(&asJSON, "json", false, "print an array instead of a table")
	if rest, err := parse(fs, args); err != nil {
		return err
	} else if len(rest) > 0 {
		return &usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
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
