package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/report"
)

// remakeReport writes the reports of stored runs again, from their files alone.
func remakeReport(_ context.Context, t *terminal, args []string) error {
	fs := flags(t, "report", "RUN...")
	junit := fs.String("junit", "", "write the expectations of the run as JUnit XML to `FILE`")
	runs, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return &usageError{"name the directories of the runs, such as results/runs/latest"}
	}
	if *junit != "" && len(runs) > 1 {
		return &usageError{fmt.Sprintf("--junit is one file of one run, and there are %d: report them one by one", len(runs))}
	}
	for _, dir := range runs {
		err := report.Write(dir)
		if bad := (*results.RunError)(nil); errors.As(err, &bad) {
			return &usageError{err.Error() + "\n  Name the directory of a run, such as results/runs/latest. One that was changed by hand, or is of another version, cannot be read."}
		}
		if err != nil {
			return err
		}
		if err := forCI(dir, *junit); err != nil {
			return err
		}
		fmt.Fprintln(t.stdout, "Report: "+filepath.Join(dir, "report.html"))
	}
	return nil
}
