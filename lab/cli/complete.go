package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// completeScenarios offers the built-in scenarios; files come from the shell.
func completeScenarios(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	built, err := scenarios.Builtin()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var all []cobra.Completion
	for _, s := range built {
		all = append(all, cobra.CompletionWithDesc(s.Name, s.Title))
	}
	return all, cobra.ShellCompDirectiveDefault
}

// completeRuns offers past runs, newest first.
func completeRuns(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	runs, _, err := results.List(defaultOut)
	if err != nil {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	var all []cobra.Completion
	for _, r := range runs {
		all = append(all, cobra.CompletionWithDesc(filepath.Join(defaultOut, filepath.Base(r.Dir)), fmt.Sprintf("%s %s", r.Scenario, r.Size)))
	}
	return all, cobra.ShellCompDirectiveKeepOrder | cobra.ShellCompDirectiveFilterDirs
}
