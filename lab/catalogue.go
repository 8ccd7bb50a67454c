package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/schedule"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/report"
	"github.com/lab99/lab99/scenarios"
)

// CatalogueOutcome is what came of many scenarios.
type CatalogueOutcome struct {
	Dir       string
	Catalogue results.Catalogue
}

// giveUpAfter is how many scenarios in a row a machine may be unfit for: one may
// ask for too much, and an engine may be slow for once.
const giveUpAfter = 3

// RunAll runs scenarios, each into a directory of its own and as many of their
// labs at once as the machine bears, and writes an index of them after each, so
// that a crash loses nothing. o's Scenario and Entered are set for each.
//
// A scenario that cannot be run does not keep the next from running; code is
// the exit code of such an error. A closed Stop, an ended context, results that
// cannot be written and a machine that is unfit giveUpAfter times in a row end
// the whole. The outcome is nil if nothing was started.
func RunAll(
	ctx context.Context, o Options, all []*scenarios.Resolved, code func(error) int,
) (*CatalogueOutcome, error) {
	began := time.Now()
	o.machine = o.schedule()
	found := Abilities(ctx, o.Driver)
	o.found = &found
	c := &catalogue{
		o: o, code: code, began: began, rows: make([]*results.CatalogueRow, len(all)), ended: make(chan ran),
		c: results.Catalogue{
			Schema: results.CatalogueSchema, Driver: o.Driver.Name(), StartedUTC: began.UTC().Format(time.RFC3339),
			Asked: len(all), Partial: true, Scenarios: []results.CatalogueRow{},
		},
	}
	for i, s := range all {
		s, _ := AdaptToOverrides(s)
		p, err := Plan(s, o.Driver.Name(), o.Driver.Machine().CPUs, o.Note)
		if err != nil {
			return nil, err
		}
		Foretell(p, found)
		c.c.Size = s.Size
		c.queue = append(c.queue, queued{i, all[i], jobs(p)})
	}
	if o.Parallel != 1 {
		c.inGoodOrder()
	}
	c.c.EstimateS = c.left(0).Seconds()
	var err error
	if c.store, err = results.CreateCatalogue(o.Out, began); err != nil {
		return nil, &StorageError{err}
	}
	judgeAll(&c.c)
	o.Progress.Say(fmt.Sprintf("%d scenarios, size %s: about %s in all", len(all), c.c.Size, c.left(0)))
	sweep(ctx, o)
	c.o.swept = true
	err = c.runAll(ctx)
	return &CatalogueOutcome{Dir: c.store.Dir, Catalogue: c.c}, cmp.Or(err, context.Cause(ctx))
}

// queued is a scenario that waits for its turn.
type queued struct {
	i    int // in the catalogue
	s    *scenarios.Resolved
	jobs []schedule.Job
}

// inGoodOrder puts what takes most of the machine last, when nothing else is left
// that would have to wait for it, and what takes longest first.
func (c *catalogue) inGoodOrder() {
	slices.SortStableFunc(c.queue, func(a, b queued) int {
		isLarge := func(j schedule.Job) bool { return c.o.machine.Share(j.Need) > 0.5 }
		longer := func(a, b schedule.Job) int { return cmp.Compare(a.Takes, b.Takes) }
		switch a1, b1 := slices.ContainsFunc(a.jobs, isLarge), slices.ContainsFunc(b.jobs, isLarge); {
		case a1 && !b1:
			return 1
		case b1 && !a1:
			return -1
		}
		return longer(slices.MaxFunc(b.jobs, longer), slices.MaxFunc(a.jobs, longer))
	})
}

// catalogue is many scenarios being run.
type catalogue struct {
	o     Options
	code  func(error) int
	began time.Time
	store *results.Store
	queue []queued
	ended chan ran
	rows  []*results.CatalogueRow // in the catalogue's order; nil: not run yet
	c     results.Catalogue
	unfit int // scenarios in a row
}

// ran is a scenario that has been run.
type ran struct {
	queued
	row results.CatalogueRow
	err error
}

// left is how long the queue takes from its k-th scenario on.
func (c *catalogue) left(k int) time.Duration {
	var all []schedule.Job
	for _, q := range c.queue[k:] {
		all = append(all, q.jobs...)
	}
	return c.o.machine.Makespan(all).Round(time.Second)
}

// runAll begins a scenario when all variants of the one before have had their
// turn. After an error none is begun, and those under way come to their end.
func (c *catalogue) runAll(ctx context.Context) (err error) {
	running := 0
	take := func(r ran) {
		running--
		err = cmp.Or(err, c.take(ctx, r))
	}
	for k, q := range c.queue {
		if Stopped(c.o.Stop) || ctx.Err() != nil || err != nil {
			break
		}
		takes := c.o.machine.Makespan(q.jobs).Round(time.Second)
		c.o.Progress.Say(fmt.Sprintf("[%d/%d] %s: %s; about %s, about %s to the end",
			k+1, len(c.queue), q.s.Name, q.s.Title, takes, c.left(k)))
		started := make(chan struct{})
		running++
		crash.Go(func() {
			row, err := runOne(ctx, c.o, q.s, func() { close(started) }, c.code)
			row.EstimateS = takes.Seconds()
			c.ended <- ran{q, row, err}
		})
		for waiting := true; waiting; {
			select {
			case <-started:
				waiting = false
			case r := <-c.ended:
				take(r)
				waiting = r.i != q.i // it may have ended before any variant had its turn
			}
		}
	}
	for running > 0 {
		take(<-c.ended)
	}
	return err
}

// take puts a scenario's row into the index. Its error ends the whole.
func (c *catalogue) take(ctx context.Context, r ran) error {
	c.rows[r.i] = &r.row
	c.c.Scenarios = present(c.rows)
	c.c.Partial = len(c.c.Scenarios) < len(c.rows) || Stopped(c.o.Stop) || ctx.Err() != nil
	c.c.TookS = time.Since(c.began).Seconds()
	judgeAll(&c.c)
	if err := saveCatalogue(c.store, c.c); err != nil {
		return err
	}
	c.unfit++
	switch {
	case errors.As(r.err, new(*StorageError)):
		return r.err
	case !errors.As(r.err, new(*driver.UnfitError)):
		c.unfit = 0
	case c.unfit == giveUpAfter && len(c.c.Scenarios) < len(c.rows):
		return fmt.Errorf("%d scenarios in a row could not be run, so the rest is not tried: %w", c.unfit, r.err)
	}
	return nil
}

// named says of which scenario a line is.
type named struct {
	Progress
	scenario string
}

func (n named) Say(line string) { n.Progress.Say(n.scenario + ": " + line) }

func (n named) Begin(name string, v results.VariantPlan) VariantProgress {
	return n.Progress.Begin(n.scenario+"/"+name, v)
}

// runOne runs a scenario and puts what came of it into a row. The error is in
// the row as well.
func runOne(
	ctx context.Context, o Options, s *scenarios.Resolved, started func(), code func(error) int,
) (results.CatalogueRow, error) {
	began := time.Now()
	o.Scenario, o.Entered, o.started, o.Progress = s, time.Time{}, started, named{o.Progress, s.Name}
	row := results.CatalogueRow{
		Name: s.Name, Kind: s.Kind, Title: s.Title, Asked: len(s.Variants), Variants: []results.CatalogueVariant{},
	}
	run, err := Run(ctx, o)
	row.TookS = time.Since(began).Seconds()
	if run != nil {
		row.Run = filepath.Base(run.Dir)
		row.Finding = run.Summary.Finding
		row.AsExpected = run.Summary.AsExpected
		row.ExitCode = ExitCode(run.Summary)
		row.Skipped = run.Summary.Skipped
		row.Asked -= len(row.Skipped) // some are left: the first of a scenario is never skipped
		row.Reported = err == nil && run.ReportErr == nil && len(run.Summary.Variants) > 0
		for _, v := range run.Summary.Variants {
			row.Variants = append(row.Variants, results.CatalogueVariant{
				Name: v.Name, Verdict: v.Verdict, Expected: v.Expected, AsExpected: v.AsExpected, Why: whyOf(v),
			})
		}
		if err == nil {
			err = run.ReportErr
		}
	}
	if err != nil {
		row.Error, row.AsExpected, row.ExitCode = err.Error(), nil, verdict.Worst(row.ExitCode, code(err))
		o.Progress.Say(err.Error())
	}
	return row, err
}

// whyOf is the verdict in a sentence, and what keeps it from being as expected.
func whyOf(v results.Variant) string {
	why := v.Why
	for _, c := range v.Checks {
		if c.OK != nil && !*c.OK && c.Text != "" {
			why += "; " + c.Text
		}
	}
	return why
}

// judgeAll fills in what the rows come to.
func judgeAll(c *results.Catalogue) {
	all, untold := true, c.Partial
	c.ExitCode = verdict.ExitAsExpected
	for _, r := range c.Scenarios {
		c.ExitCode = verdict.Worst(c.ExitCode, r.ExitCode)
		switch {
		case r.AsExpected == nil:
			untold = true
		case !*r.AsExpected:
			all = false
		}
	}
	c.AsExpected = &all
	if all && untold {
		c.AsExpected = nil
		c.ExitCode = verdict.Worst(c.ExitCode, verdict.ExitUndecided)
	}
}

func saveCatalogue(store *results.Store, c results.Catalogue) error {
	return storage(store.WriteJSON(results.SummaryFile, c), report.WriteIndex(store, c))
}

// Stopped says whether the load was ordered to end: Options.Stop is closed.
func Stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}
