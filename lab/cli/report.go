package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/report"
)

func reportCommand(t *terminal) *cobra.Command {
	var junit string
	cmd := &cobra.Command{
		Use: "report RUN...", GroupID: groupResults,
		Short:             "Make the report of stored runs again",
		Args:              between(1, anyNumber, "name the directories of the runs, such as results/runs/latest"),
		ValidArgsFunction: completeRuns,
		RunE:              func(_ *cobra.Command, runs []string) error { return remakeReport(t, runs, junit) },
	}
	cmd.Flags().StringVar(&junit, "junit", "", "write the expectations of the run as JUnit XML to `FILE`")
	return cmd
}

// remakeReport writes the reports of stored runs again, from their files alone.
func remakeReport(t *terminal, runs []string, junit string) error {
	if junit != "" && len(runs) > 1 {
		return &usageError{fmt.Sprintf("--junit is one file of one run, and there are %d: report them one by one",
			len(runs))}
	}
	for _, dir := range runs {
		err := report.Write(dir)
		if bad := (*results.RunError)(nil); errors.As(err, &bad) {
			return &usageError{err.Error() + "\n  Name the directory of a run, such as results/runs/latest. " +
				"One that was changed by hand, or is of another version, cannot be read."}
		}
		if err != nil {
			return err
		}
		if err := forCI(dir, junit); err != nil {
			return err
		}
		fmt.Fprintln(t.stdout, "Report: "+filepath.Join(dir, "report.html"))
	}
	return nil
}
