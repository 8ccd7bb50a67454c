package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// builtinNames are those of the catalogue.
func builtinNames() ([]string, error) {
	built, err := scenarios.Builtin()
	var names []string
	for _, s := range built {
		names = append(names, s.Name)
	}
	return names, err
}

// concludeAll prints what came of a catalogue, as conclude does for a run.
func concludeAll(t *terminal, asJSON bool, o *lab.CatalogueOutcome, err error, stop <-chan struct{}) error {
	if o != nil {
		if asJSON {
			if err := printEscaped(t.stdout, o.Catalogue); err != nil {
				return err
			}
		} else {
			printCatalogue(t.stdout, o.Catalogue)
			if index := filepath.Join(o.Dir, results.IndexFile); exists(index) {
				fmt.Fprintln(t.stdout, "Index: "+shown(index))
			}
		}
	}
	if err == nil {
		err = stepOfAll(o.Dir)
	}
	switch {
	case err != nil:
		return err
	case lab.Stopped(stop):
		return exitError(verdict.ExitInterrupted)
	case o.Catalogue.ExitCode != verdict.ExitAsExpected:
		return exitError(o.Catalogue.ExitCode)
	}
	return nil
}

// stepOfAll gives a build server the index, where the environment asks for it.
func stepOfAll(dir string) error {
	file := os.Getenv(stepSummary)
	if file == "" {
		return nil
	}
	err := writeOut(file, os.O_APPEND, func(w io.Writer) error {
		b, err := os.ReadFile(filepath.Join(dir, results.IndexFile))
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	})
	if err != nil {
		return &lab.StorageError{Err: fmt.Errorf("%s: %w", stepSummary, err)}
	}
	return nil
}

// printCatalogue prints the table of verdicts, and why those that are not as
// expected are not.
func printCatalogue(w io.Writer, c results.Catalogue) {
	tw := table.New(w)
	fmt.Fprintln(tw, "scenario\tas expected\ttook\tverdicts")
	expected, asked := 0, 0
	for _, r := range c.Scenarios {
		var verdicts []string
		for _, v := range r.Variants {
			verdicts = append(verdicts, v.Name+" "+v.Verdict)
		}
		for _, v := range r.Skipped {
			verdicts = append(verdicts, v.Name+" "+results.Skipped)
		}
		if len(verdicts) == 0 {
			verdicts = []string{"–"}
		}
		fmt.Fprintf(tw, "%s\t%d/%d\t%s\t%s\n",
			r.Name, r.AsExpectedCount(), r.Asked, elapsed(r.TookS), strings.Join(verdicts, ", "))
		expected += r.AsExpectedCount()
		asked += r.Asked
	}
	tw.Flush()
	for _, r := range c.Scenarios {
		for _, v := range r.Variants {
			if v.AsExpected == nil || !*v.AsExpected {
				how := standing(v.Verdict, v.Expected, v.AsExpected)
				fmt.Fprintf(w, "\n%s: %s is %s: %s.\n", r.Name, v.Name, how, v.Why)
			}
		}
		for _, v := range r.Skipped {
			fmt.Fprintf(w, "\n%s: %s is skipped: %s.\n", r.Name, v.Name, v.Why)
		}
		if r.Error != "" {
			fmt.Fprintf(w, "\n%s ended early: %s\n", r.Name, r.Error)
		}
	}
	fmt.Fprintf(w, "\n%d of %d variants of %d scenarios as expected, in %s (estimated %s).\n", expected, asked,
		len(c.Scenarios), elapsed(c.TookS), elapsed(c.EstimateS))
	if c.Partial {
		fmt.Fprintf(w, "Partial: %d of %d scenarios were begun, and the last may have been cut short.\n",
			len(c.Scenarios), c.Asked)
	}
}

func elapsed(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}
