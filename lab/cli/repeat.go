package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/compare"
)

// repetition is one run repeated: its runs go into a group.
type repetition struct {
	times int
	stop  <-chan struct{} // ends it with the run under way
	say   func(string)
	once  func() (*lab.Outcome, error)

	group *results.Store // nil until the first run has a directory
	dirs  []string
	code  int
}

// run runs them one after the other. It ends early when interrupted, and with
// an error, since a machine that cannot do one run cannot do the next.
func (r *repetition) run() error {
	for n := 1; n <= r.times && !lab.Stopped(r.stop); n++ {
		r.say(fmt.Sprintf("Run %d of %d", n, r.times))
		o, err := r.once()
		if o != nil && len(o.Summary.Variants) > 0 {
			r.dirs = append(r.dirs, o.Dir)
			r.say(fmt.Sprintf("Run %d of %d: %s %s", n, r.times, o.Summary.Finding, shown(o.Dir)))
			r.code = verdict.Worst(r.code, lab.ExitCode(o.Summary))
			err = errors.Join(err, r.record(o.Summary), o.ReportErr)
		}
		if err != nil {
			return err
		}
	}
	if lab.Stopped(r.stop) {
		r.code = verdict.ExitInterrupted
	}
	return nil
}

// record writes the group anew after every run, so that a crash costs none.
func (r *repetition) record(last results.Summary) (err error) {
	if r.group == nil {
		if r.group, err = results.NewGroup(r.dirs[0]); err != nil {
			return &lab.StorageError{Err: err}
		}
	}
	g := results.Group{Schema: results.GroupSchema, Scenario: last.Scenario, Size: last.Size, Asked: r.times}
	for _, dir := range r.dirs {
		g.Runs = append(g.Runs, filepath.Base(dir))
	}
	if err := r.group.WriteJSON(results.GroupFile, g); err != nil {
		return &lab.StorageError{Err: err}
	}
	return nil
}

// summary compares the runs there are: of one side, their medians.
func (r *repetition) summary() (*compare.Result, error) {
	runs, err := openRuns(r.group.Dir)
	if err != nil {
		return nil, err
	}
	return compare.Compare([]compare.Side{{Label: "median", Runs: runs}})
}

// conclude prints what came of it, and gives the error of the command.
func (r *repetition) conclude(t *terminal, asJSON bool, err error) error {
	if r.group != nil {
		c, cerr := r.summary()
		if cerr != nil {
			return errors.Join(err, cerr)
		}
		write := c.WriteText
		if asJSON {
			write = jsonOf(c)
		}
		if werr := write(t.stdout); werr != nil {
			return errors.Join(err, werr)
		}
		if !asJSON {
			if len(r.dirs) < r.times {
				fmt.Fprintf(t.stdout, "\nEnded after %d of %d runs.\n", len(r.dirs), r.times)
			}
			fmt.Fprintf(t.stdout, "\nGroup: %s; `lab99 compare` takes it as one side\n", shown(r.group.Dir))
		}
	}
	switch {
	case err != nil:
		return err
	case r.code != verdict.ExitAsExpected:
		return exitError(r.code)
	}
	return nil
}
