package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/reenact"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/scenarios"
)

func (o *diagnoseOptions) registerSave(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.save, "save", "",
		"write a scenario that re-enacts the pair nearest to the end of its ports to this `directory`")
	cmd.MarkFlagsMutuallyExclusive("save", "watch", "listen")
	_ = cmd.MarkFlagDirname("save")
}

// checkSave refuses a directory before the host is looked at.
func (o *diagnoseOptions) checkSave() error {
	if o.save == "" {
		return nil
	}
	return unsaved(reenact.Free(o.save))
}

// unsaved makes a mistake on the command line of a directory that may not be written to.
func unsaved(err error) error {
	if taken := new(reenact.DirectoryError); errors.As(err, &taken) {
		return &usageError{"--save " + taken.Error()}
	}
	return orNotExist(err, "--save makes the directory itself, and no other.")
}

// saveHost prints a report, writes the scenario of it and says so. The report is printed
// in any case.
func saveHost(t *terminal, o diagnoseOptions, r *diagnose.Report) error {
	var saved *reenact.Saved
	c, failed := reenact.Choose(r)
	if failed == nil {
		saved, failed = c.Write(o.save, loads)
	}
	var err error
	if o.json {
		err = printJSON(t.stdout, struct {
			*diagnose.Report
			Saved *reenact.Saved `json:"saved,omitempty"`
		}{r, saved})
	} else if err = r.Write(t.stdout); err == nil && failed == nil {
		err = writeSaved(lint.Printable(t.stdout), c, saved)
	}
	if err != nil {
		return err
	}
	if nothing := new(reenact.NothingError); errors.As(failed, &nothing) {
		fmt.Fprintln(lint.Printable(t.stderr), "lab99 diagnose: "+nothing.Error())
		if nothing.Blind {
			return exitError(verdict.ExitUnfit)
		}
		return exitError(verdict.ExitUndecided)
	}
	if failed != nil {
		return unsaved(failed)
	}
	return diagnosed(r.Outcome())
}

// loads says whether a scenario can be read.
func loads(dir string) error {
	if _, err := scenarios.Load(dir); err != nil {
		// A fault of this program, not of its user.
		return fmt.Errorf("what was made of the host is no scenario: %v", err)
	}
	return nil
}

func writeSaved(w io.Writer, c *reenact.Case, s *reenact.Saved) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nsaved: %s in %s, for the owner alone\n", format.List(s.Files), s.Directory)
	fmt.Fprintf(&b, "  re-enacts: %s → %s in %s\n", c.Tuple.Source, c.Tuple.Destination, c.Namespace.Name)
	for _, a := range s.Assumed {
		fmt.Fprintf(&b, "  assumed: %s\n", a)
	}
	if s.Removed > 0 {
		fmt.Fprintf(&b, "  left out: %s of nginx's configuration (REMOVED.txt lists them), "+
			"and all names and addresses\n",
			format.Plural(s.Removed, "directive"))
	} else {
		fmt.Fprintf(&b, "  left out: all names and addresses\n")
	}
	fmt.Fprintf(&b, "  next: lab99 run %s --size %s\n", shell(s.Directory), s.Size)
	_, err := io.WriteString(w, b.String())
	return err
}
