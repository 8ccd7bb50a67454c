package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lab99/lab99/lab/driver"
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

// RunAll runs scenarios one after the other, each into a directory of its own,
// and writes an index of them after each, so that a crash loses nothing. o's
// Scenario and Entered are set for each.
//
// A scenario that cannot be run does not keep the next from running; code is
// the exit code of such an error. A closed Stop, an ended context, results that
// cannot be written and a machine that is unfit giveUpAfter times in a row end
// the whole. The outcome is nil if nothing was started.
func RunAll(ctx context.Context, o Options, all []*scenarios.Resolved, code func(error) int) (*CatalogueOutcome, error) {
	began := time.Now()
	c := results.Catalogue{
		Schema: results.CatalogueSchema, Driver: o.Driver.Name(), StartedUTC: began.UTC().Format(time.RFC3339),
		Asked: len(all), Partial: true, Scenarios: []results.CatalogueRow{},
	}
	var estimates []time.Duration
	for _, s := range all {
		s, _ := Ready(s)
		p, err := Plan(s, o.Driver.Name(), o.Driver.Machine().CPUs, o.Note)
		if err != nil {
			return nil, err
		}
		c.Size = s.Size
		e := Estimate(p)
		estimates = append(estimates, e)
		c.EstimateS += e.Round(time.Second).Seconds()
	}
	store, err := results.CreateCatalogue(o.Out, began)
	if err != nil {
		return nil, &StorageError{err}
	}
	judgeAll(&c)
	out := &CatalogueOutcome{Dir: store.Dir, Catalogue: c}
	left := time.Duration(c.EstimateS * float64(time.Second))
	o.Progress.Say(fmt.Sprintf("%d scenarios, size %s: about %s in all", len(all), c.Size, left))
	unfit := 0 // scenarios in a row
	for i, s := range all {
		if Stopped(o.Stop) || ctx.Err() != nil {
			break
		}
		o.Progress.Say(fmt.Sprintf("[%d/%d] %s: %s; about %s, about %s to the end", i+1, len(all), s.Name, s.Title, estimates[i].Round(time.Second), left.Round(time.Second)))
		row, err := runOne(ctx, o, s, code)
		left -= estimates[i]
		row.EstimateS = estimates[i].Round(time.Second).Seconds()
		c.Scenarios = append(c.Scenarios, row)
		c.Partial = i+1 < len(all) || Stopped(o.Stop) || ctx.Err() != nil
		c.TookS = time.Since(began).Seconds()
		judgeAll(&c)
		out.Catalogue = c
		if serr := saveCatalogue(store, c); serr != nil {
			return out, serr
		}
		if errors.As(err, new(*StorageError)) {
			return out, err
		}
		unfit++
		if !errors.As(err, new(*driver.UnfitError)) {
			unfit = 0
		}
		if unfit == giveUpAfter && i+1 < len(all) {
			return out, fmt.Errorf("%d scenarios in a row could not be run, so the rest is not tried: %w", unfit, err)
		}
	}
	return out, context.Cause(ctx)
}

// runOne runs a scenario and puts what came of it into a row. The error is in
// the row as well.
func runOne(ctx context.Context, o Options, s *scenarios.Resolved, code func(error) int) (results.CatalogueRow, error) {
	began := time.Now()
	o.Scenario, o.Entered = s, began
	row := results.CatalogueRow{Name: s.Name, Kind: s.Kind, Title: s.Title, Asked: len(s.Variants), Variants: []results.CatalogueVariant{}}
	run, err := Run(ctx, o)
	row.TookS = time.Since(began).Seconds()
	if run != nil {
		row.Run = filepath.Base(run.Dir)
		row.Finding = run.Summary.Finding
		row.AsExpected = run.Summary.AsExpected
		row.ExitCode = ExitCode(run.Summary)
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
		o.Progress.Say(s.Name + ": " + err.Error())
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
