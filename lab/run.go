package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"time"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/report"
	"github.com/lab99/lab99/scenarios"
)

// Options is what a run needs.
type Options struct {
	Scenario *scenarios.Resolved
	Driver   driver.Driver
	// DriverWhy says why it is this driver.
	DriverWhy string
	Images    image.Mode
	Subnets   []netip.Prefix // for the labs' networks, tried in turn; none: the driver chooses
	Out       string         // the directory of runs
	Note      string
	Tool      Tool
	Entered   time.Time // when the command began, for enter_to_load_s
	Progress  Progress
	// Stop ends the load when closed. What was measured is still judged and
	// reported, and no further variant starts. To end at once, cancel the
	// context.
	Stop <-chan struct{}
	// Timeout does what Stop does, so long after the run began; 0 is never.
	Timeout time.Duration
}

// Tool is who wrote a run.
type Tool struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
}

// UserAgent is how its load names itself to a server.
func (t Tool) UserAgent() string { return "lab99/" + t.Version }

// Progress is told how a run goes.
type Progress interface {
	// Say gets a line of talk.
	Say(line string)
	// Begin starts a variant.
	Begin(v results.VariantPlan)
	// Phase names what a variant does now.
	Phase(phase string)
	// Sample gets every sample; it must not block.
	Sample(s results.Sample)
	// End gets a variant's row.
	End(v results.Variant)
}

// Outcome is what came of a run.
type Outcome struct {
	Dir     string
	Summary results.Summary
	// ReportErr says why there is no report, though there are results.
	ReportErr error
}

// StorageError says that results could not be written. What was measured is
// in the Outcome all the same.
type StorageError struct{ Err error }

func (e *StorageError) Error() string { return "results cannot be written: " + e.Err.Error() }
func (e *StorageError) Unwrap() error { return e.Err }

// Run runs every variant of a scenario, one after the other, and reports. The
// outcome is valid with an error too, as far as the run came; it is nil if
// nothing was started.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	o.Stop = orAfter(o.Stop, o.Timeout)
	var notes []string
	o.Scenario, notes = Ready(o.Scenario)
	plan, err := Plan(o.Scenario, o.Driver.Name(), o.Driver.Machine().CPUs, o.Note)
	if err != nil {
		return nil, err
	}
	store, err := results.Create(o.Out, time.Now(), plan.Scenario, plan.Size)
	if err != nil {
		return nil, &StorageError{fmt.Errorf("%w\n  Name a directory that you can write in with --out.", err)}
	}
	r := &run{o: o, name: runName(store.Dir), plan: plan, store: store, notes: notes, out: &Outcome{Dir: store.Dir}}
	if store.Note != "" {
		o.Progress.Say("Note: " + store.Note)
	}
	for _, n := range notes {
		o.Progress.Say("Note: " + n)
	}
	r.env = environment(o)
	r.summarise(true)
	if err := storage(store.WriteJSON(results.PlanFile, plan), r.save()); err != nil {
		return nil, err
	}
	if err = r.preflight(ctx); err == nil {
		err = r.variants(ctx)
	}
	r.summarise(len(r.rows) < len(plan.Variants) || r.stopped())
	if err == nil || !errors.As(err, new(*StorageError)) {
		err = errors.Join(err, r.save())
	}
	if ctx.Err() != nil {
		return r.out, interrupted(ctx, err)
	}
	if len(r.rows) > 0 && !errors.As(err, new(*StorageError)) {
		r.out.ReportErr = report.Write(store.Dir)
	}
	return r.out, err
}

// orAfter closes when stop does or d has passed.
func orAfter(stop <-chan struct{}, d time.Duration) <-chan struct{} {
	if d <= 0 {
		return stop
	}
	either := make(chan struct{})
	go func() {
		defer close(either)
		select {
		case <-stop:
		case <-time.After(d):
		}
	}()
	return either
}

// interrupted is why a context ended, and what went wrong on the way out.
func interrupted(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if err == nil || errors.Is(err, cause) || errors.Is(err, context.Canceled) {
		return cause
	}
	return errors.Join(cause, err)
}

// run is a run under way.
type run struct {
	name   string // in an engine
	o      Options
	plan   *results.Plan
	store  *results.Store
	env    results.Env
	images images
	notes  []string
	why    reasons // a variant may not show what it is meant to
	out    *Outcome
	rows   []results.Variant
}

// sweepTimeout bounds the removal of what dead runs left.
const sweepTimeout = 30 * time.Second

func (r *run) stopped() bool { return Stopped(r.o.Stop) }

// preflight sweeps and gets the images.
func (r *run) preflight(ctx context.Context) error {
	sctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	swept, err := r.o.Driver.Sweep(sctx, false)
	for _, s := range swept {
		r.o.Progress.Say("swept away, of a run that died: " + s)
	}
	if err != nil {
		// Leftovers in the way will be met again by their own error.
		r.o.Progress.Say("what dead runs left could not all be swept away: " + err.Error())
	}
	r.images = images{}
	for _, v := range r.o.Scenario.Variants {
		if r.stopped() {
			return nil
		}
		if err := r.prepare(ctx, image.Nginx, v.Proxy.Image); err != nil {
			return err
		}
		if v.Backend.Kind != scenarios.BackendHttpd {
			continue
		}
		if err := r.prepare(ctx, image.Httpd, v.Backend.Image); err != nil {
			return err
		}
	}
	return storage(r.store.WriteJSON(results.EnvFile, r.env))
}

func (r *run) prepare(ctx context.Context, role image.Role, ref string) error {
	key := string(role) + " " + ref
	if _, done := r.images[key]; done {
		return nil
	}
	img, err := r.o.Driver.Prepare(ctx, role, ref, r.o.Images, r.o.Progress.Say)
	if err != nil {
		return err
	}
	r.images[key] = img
	part := results.HostProxy
	if role == image.Httpd {
		part = results.HostBackend
	}
	r.env.Images = append(r.env.Images, results.Image{
		Role: part, Requested: img.Requested, Used: img.Used, ID: img.ID, Source: string(img.Source), Version: img.Version,
	})
	if img.Note != "" {
		r.notes = append(r.notes, img.Note)
		r.o.Progress.Say("Note: " + img.Note)
	}
	return nil
}

// variants runs them in order. A variant whose measurement is invalid does
// not keep the next from being measured; a machine that cannot run one cannot
// run the next either.
func (r *run) variants(ctx context.Context) error {
	var base *baseline
	for i, plan := range r.plan.Variants {
		if r.stopped() {
			return nil
		}
		r.o.Progress.Begin(plan)
		x, err := r.begin(i)
		if err != nil {
			return err
		}
		m, err := x.do(ctx)
		if m != nil {
			r.o.Progress.Phase("judge")
			row, jerr := x.judge(m, base)
			r.rows = append(r.rows, *row)
			r.o.Progress.End(*row)
			if i == 0 {
				base = x.asBaseline(m, row)
			}
			err = errors.Join(err, jerr)
		}
		if err = errors.Join(err, x.close()); err != nil {
			return err
		}
		r.summarise(i+1 < len(r.plan.Variants))
		if err := r.save(); err != nil {
			return err
		}
	}
	return nil
}

// begin opens the files of a variant.
func (r *run) begin(i int) (*variantRun, error) {
	v := r.o.Scenario.Variants[i]
	samples, err := r.store.AppendLines(path.Join(v.Name, results.SamplesFile))
	if err != nil {
		return nil, &StorageError{err}
	}
	events, err := r.store.AppendLines(path.Join(v.Name, results.EventsFile))
	if err != nil {
		return nil, errors.Join(&StorageError{err}, samples.Close())
	}
	rec := newRecorder(samples, r.o.Progress.Sample)
	return &variantRun{
		o: &r.o, run: r.name, first: i == 0, store: r.store, images: r.images, v: v, plan: r.plan.Variants[i],
		rec: rec, journal: &journal{file: events, rec: rec}, heard: r.heard,
	}, nil
}

// heard takes what was read back of a variant.
func (r *run) heard(c *conditions) {
	r.env.Variants = append(r.env.Variants, c.env)
	for _, s := range r.why.add(c.env.Name, c.reasons) {
		r.o.Progress.Say("Note: " + c.env.Name + ": " + s)
	}
}

// summarise rebuilds the summary from the rows so far.
func (r *run) summarise(partial bool) {
	r.out.Summary = results.Summary{
		Schema: results.SummarySchema, Scenario: r.plan.Scenario, Title: r.plan.Title, Kind: r.plan.Kind, Size: r.plan.Size,
		StartedUTC: r.env.StartedUTC, PlanHash: r.plan.Hash, Partial: partial,
		Notes: slices.Concat([]string{}, r.notes, r.why.notes()), Variants: append([]results.Variant{}, r.rows...),
	}
	r.out.Summary.AsExpected = verdict.AllAsExpected(r.rows)
	if all := r.out.Summary.AsExpected; partial && all != nil && *all {
		r.out.Summary.AsExpected = nil // of those that ran; of the run it cannot be told
	}
	r.out.Summary.Finding = results.Finding(r.out.Summary)
}

func (r *run) save() error {
	return storage(r.store.WriteJSON(results.EnvFile, r.env), r.store.WriteJSON(results.SummaryFile, r.out.Summary))
}

// storage makes a StorageError of the first of several: a full disk has the
// same to say of every file.
func storage(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return &StorageError{err}
		}
	}
	return nil
}

// ExitCode is the exit code of an outcome without an error.
func ExitCode(s results.Summary) int {
	harness := slices.ContainsFunc(s.Variants, func(v results.Variant) bool { return v.Verdict == law.Error })
	switch {
	case s.AsExpected == nil && harness:
		return verdict.ExitInternal
	case s.AsExpected == nil:
		return verdict.ExitUndecided
	case *s.AsExpected:
		return verdict.ExitAsExpected
	}
	return verdict.ExitUnexpected
}
