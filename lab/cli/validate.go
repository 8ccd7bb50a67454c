package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

func validateCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE...", GroupID: groupRun,
		Short: "Check scenario files",
		Args:  between(1, anyNumber, "name the scenario files to check"),
		RunE:  func(_ *cobra.Command, files []string) error { return validate(t, files) },
	}
}

// validate checks files and says everything that is wrong with each.
func validate(t *terminal, files []string) error {
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
