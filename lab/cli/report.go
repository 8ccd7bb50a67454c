package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/lab99/lab99/results/report"
)

// remakeReport writes the reports of stored runs again, from their files alone.
func remakeReport(_ context.Context, t *terminal, args []string) error {
	fs := flags(t, "report", "RUN...")
	runs, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return &usageError{"name the directories of the runs, such as results/runs/latest"}
	}
	for _, dir := range runs {
		if err := report.Write(dir); err != nil {
			return orNotExist(err, "Name the directory of a run, such as results/runs/latest.")
		}
		fmt.Fprintln(t.stdout, "Report: "+filepath.Join(dir, "report.html"))
	}
	return nil
}
