package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/compare"
)

// labels are those of sides that were given none.
const labels = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func compareCommand(t *terminal) *cobra.Command {
	var asJSON, asMarkdown bool
	cmd := &cobra.Command{
		Use:     "compare [LABEL=]RUN[,RUN...]...",
		GroupID: groupResults,
		Short:   "Compare stored runs and test whether they differ",
		Long: `Compare stored runs and test whether they differ.

Each argument is a side: a run, a group made by run --repeat, or several joined by commas. The first
side is the base.

Exit codes: 0 compared, 1 a verdict differs between sides, 2 no verdict differs and some or all of it
cannot be compared.`,
		Example: "  lab99 compare before=RUN,RUN after=RUN,RUN",
		Args: between(1, anyNumber,
			"name two runs or more, or a group that `lab99 run --repeat` made; `lab99 list --runs` lists them"),
		ValidArgsFunction: completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			return compareRuns(t, args, asJSON, asMarkdown)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, lab99/compare/v1, instead of the table")
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "print Markdown instead of the table")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
	return cmd
}

// compareRuns compares stored runs, one side an argument.
func compareRuns(t *terminal, rest []string, asJSON, asMarkdown bool) error {
	if len(rest) > len(labels) {
		return &usageError{fmt.Sprintf("%d sides, want at most %d; join the repetitions of one by commas: "+
			"before=RUN,RUN after=RUN,RUN", len(rest), len(labels))}
	}
	var sides []compare.Side
	seen := map[string]string{} // the side a run is on
	for i, arg := range rest {
		side, err := openSide(arg, labels[i:i+1], seen)
		if err != nil {
			return err
		}
		for _, s := range sides {
			if s.Label == side.Label {
				return &usageError{fmt.Sprintf("two sides are called %q; name one of them otherwise, LABEL=RUN",
					s.Label)}
			}
		}
		sides = append(sides, side)
	}
	if len(sides) == 1 && len(sides[0].Runs) == 1 {
		return &usageError{"there is one run and nothing to compare it with; name another"}
	}
	r, err := compare.Compare(sides)
	if err != nil {
		return err
	}
	write := r.WriteText
	switch {
	case asJSON:
		write = jsonOf(r)
	case asMarkdown:
		write = r.WriteMarkdown
	}
	if err := write(t.stdout); err != nil {
		return err
	}
	switch { // as within a run: what is known to differ is worse than what is not known
	case r.VerdictsDiffer():
		return exitError(verdict.ExitUnexpected)
	case !r.AllValid():
		return exitError(verdict.ExitUndecided)
	}
	return nil
}

func jsonOf(v any) func(io.Writer) error {
	return func(w io.Writer) error { return printEscaped(w, v) }
}

// openSide reads the runs of an argument. A path may have any characters in
// it, so what exists is taken by its name first.
func openSide(arg, label string, seen map[string]string) (compare.Side, error) {
	s := compare.Side{Label: label}
	if _, err := os.Stat(arg); err != nil {
		if name, rest, ok := strings.Cut(arg, "="); ok {
			if name = strings.TrimSpace(name); name == "" || len(name) > 40 {
				return s, &usageError{fmt.Sprintf("%q: a label has 1 to 40 bytes", arg)}
			}
			s.Label, arg = name, rest
		}
	}
	dirs := []string{arg}
	if _, err := os.Stat(arg); err != nil {
		dirs = strings.Split(arg, ",")
	}
	for _, dir := range dirs {
		runs, err := openRuns(dir)
		if bad := (*results.RunError)(nil); errors.As(err, &bad) {
			return s, &usageError{err.Error() + "\n  Name the directory of a run or of a group; " +
				"`lab99 list --runs` lists the runs."}
		}
		if err != nil {
			return s, err
		}
		for _, r := range runs {
			if on, twice := seen[r.Dir]; twice {
				return s, &usageError{fmt.Sprintf("%s is named twice, first on side %s; "+
					"each run may be named once", shown(r.Dir), on)}
			}
			seen[r.Dir] = s.Label
			s.Runs = append(s.Runs, r)
		}
	}
	return s, nil
}

// openRuns reads one run, or those of a group.
func openRuns(dir string) ([]*results.Run, error) {
	dirs, isGroup, err := results.OpenGroup(dir)
	if err != nil {
		return nil, err
	}
	if !isGroup {
		dir, err = filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		dirs = []string{dir}
	}
	var runs []*results.Run
	for _, d := range dirs {
		r, err := results.Glance(d)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}
