package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/schedule"
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
	// Parallel is how many labs may be up at once; 0: as many as the processors
	// bear.
	Parallel int
	// Door is a file that labs lock while they come up, so that commands which
	// share it wait for each other; "" is none.
	Door string
	// Report draws the report of a run while other labs may be under load; nil
	// is report.Write. Drawing keeps every processor busy for a second.
	Report func(dir string) error
	// Tries counts the connect() calls that fail with error 99 in the network namespace of
	// this inode, on this machine's kernel; its end is how many there were, nil if nobody
	// could count. nil: nobody counts.
	Tries func(namespace uint64) (end func() *int64)

	machine *schedule.Machine // shared by the runs of a catalogue
	found   *ability.Found    // likewise: what the kernel can do; nil: not tried yet
	started func()            // is called when each variant has had its turn, if not nil
	swept   bool              // what dead runs left is gone
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
	// Begin starts a variant under a name. Several may be under way at once.
	Begin(name string, v results.VariantPlan) VariantProgress
}

// VariantProgress is told how a variant goes.
type VariantProgress interface {
	// Phase names what it does now.
	Phase(phase string)
	// Sample gets every sample; it must not block.
	Sample(s results.Sample)
	// End gets its row.
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

func (o Options) schedule() *schedule.Machine {
	m := o.Driver.Machine()
	return schedule.New(m.CPUs, o.Parallel, m.Apart, o.Door)
}

// Run runs every variant of a scenario, several at once where the machine bears
// it, and reports. The outcome is valid with an error too, as far as the run
// came; it is nil if nothing was started.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	out, err := measure(ctx, o)
	if out == nil || ctx.Err() != nil || errors.As(err, new(*StorageError)) {
		return out, err
	}
	if len(out.Summary.Variants) > 0 {
		write := report.Write
		if o.Report != nil && o.started != nil && o.Parallel != 1 { // other labs may be under load
			write = o.Report
		}
		out.ReportErr = write(out.Dir)
	}
	return out, err
}

// measure is a run without its report.
func measure(ctx context.Context, o Options) (*Outcome, error) {
	o.Stop = orAfter(o.Stop, o.Timeout)
	if o.machine == nil {
		o.machine = o.schedule()
	}
	if o.found == nil { // before anything is under load
		o.found = new(Abilities(ctx, o.Driver))
	}
	var notes []string
	found := func(v scenarios.Variant) string { return releaseFound(ctx, o.Driver, v) }
	o.Scenario, notes = AdaptToOverrides(Understand(o.Scenario, found))
	plan, err := Plan(o.Scenario, o.Driver.Name(), o.Driver.Machine().CPUs, o.Note)
	if err != nil {
		return nil, err
	}
	Foretell(plan, *o.found) // as it will be judged
	skipped, err := Skipped(ctx, o.Scenario, o.Driver)
	if err != nil {
		return nil, err
	}
	if err := nothingToCompare(o.Scenario, skipped); err != nil {
		return nil, err
	}
	store, err := results.Create(o.Out, time.Now(), plan.Scenario, plan.Size)
	if err != nil {
		return nil, &StorageError{fmt.Errorf("%w\n  Name a directory that you can write in with --out.", err)}
	}
	n := len(plan.Variants)
	r := &run{
		o: o, name: runName(store.Dir), plan: plan, store: store, notes: notes, out: &Outcome{Dir: store.Dir},
		rows: make([]*results.Variant, n), envs: make([]*results.VariantEnv, n), skipped: make([]string, n),
	}
	if store.Note != "" {
		o.Progress.Say("Note: " + store.Note)
	}
	for _, n := range notes {
		o.Progress.Say("Note: " + n)
	}
	for i, v := range plan.Variants {
		for _, s := range skipped {
			if s.Name == v.Name {
				r.skip(i, s.Why)
				o.Progress.Say(s.Name + ": skipped: " + s.Why)
			}
		}
	}
	r.env = environment(o)
	r.summarise(true)
	if err := storage(store.WriteJSON(results.PlanFile, plan), r.save()); err != nil {
		return nil, err
	}
	if err = r.preflight(ctx); err != nil && !errors.As(err, new(*crash.Error)) {
		// No variant has begun: of a run that measured nothing only the error is worth keeping.
		err = errors.Join(err, store.Discard())
		if ctx.Err() != nil {
			err = interrupted(ctx, err)
		}
		return nil, err
	}
	if err == nil {
		err = r.variants(ctx)
	}
	r.summarise(r.stopped())
	if err == nil || !errors.As(err, new(*StorageError)) {
		err = errors.Join(err, r.save())
	}
	if ctx.Err() != nil {
		err = interrupted(ctx, err)
	}
	return r.out, err
}

// releaseFound is the release of the proxy that a run would use: that of an image
// that is here, else the one that is asked for.
func releaseFound(ctx context.Context, d driver.Driver, v scenarios.Variant) string {
	for _, want := range ImagesOf(v) {
		if want.Ref != v.Proxy.Image {
			continue
		}
		if img, err := d.Find(ctx, want.Role, want.Ref); err == nil && img.Version != "" {
			return img.Version
		}
	}
	return proxy.ReleaseOf(v)
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
	images images
	out    *Outcome
	rows   []*results.Variant // in the plan's order; nil: not judged yet

	mu      sync.Mutex // variants that run at once have these in common
	env     results.Env
	envs    []*results.VariantEnv // in the plan's order; nil: not read back yet
	skipped []string              // in the plan's order, why; "": it is run
	notes   []string
	again   []string // variants that ran a second time, alone
	why     reasons  // a variant may not show what it is meant to
}

// sweepTimeout bounds the removal of what dead runs left.
const sweepTimeout = 30 * time.Second

func (r *run) stopped() bool { return Stopped(r.o.Stop) }

// preflight sweeps and gets the images.
func (r *run) preflight(ctx context.Context) error {
	if !r.o.swept {
		sweep(ctx, r.o)
	}
	r.images = images{}
	for i, v := range r.o.Scenario.Variants {
		if r.stopped() {
			return nil
		}
		if r.isSkipped(i) != "" {
			continue
		}
		for _, want := range ImagesOf(v) {
			err := r.prepare(ctx, want)
			if why := r.without(i, want, err); why != "" {
				r.skip(i, why)
				r.o.Progress.Say(v.Name + ": skipped: " + why)
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return storage(r.store.WriteJSON(results.EnvFile, r.env))
}

// sweep removes what dead runs left. What it cannot remove will be met again, by
// its own error.
func sweep(ctx context.Context, o Options) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	swept, err := o.Driver.Sweep(ctx, driver.Leftovers)
	for _, s := range swept.Removed {
		o.Progress.Say("swept away, of a run that died: " + s)
	}
	if err != nil {
		o.Progress.Say("what dead runs left could not all be swept away: " + err.Error())
	}
}

// prepare gets an image, once.
func (r *run) prepare(ctx context.Context, want ImageRef) error {
	key := string(want.Role) + " " + want.Ref
	if _, done := r.images[key]; done {
		return nil
	}
	img, err := r.o.Driver.Prepare(ctx, want.Role, want.Ref, r.o.Images, r.o.Progress.Say)
	if err != nil {
		return err
	}
	r.images[key] = img
	r.env.Images = append(r.env.Images, results.Image{
		Role:      want.Part,
		Requested: img.Requested,
		Used:      img.Used,
		ID:        img.ID,
		Source:    string(img.Source),
		Version:   img.Version,
	})
	if img.Note != "" {
		r.notes = append(r.notes, img.Note)
		r.o.Progress.Say("Note: " + img.Note)
	}
	return nil
}

// summarise rebuilds the summary from the rows so far. It is partial until all
// are there, or cut short.
func (r *run) summarise(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := present(r.rows)
	var skipped []results.SkippedVariant
	for i, why := range r.skipped {
		if why != "" {
			skipped = append(skipped, results.SkippedVariant{Name: r.plan.Variants[i].Name, Why: why})
		}
	}
	partial := cut || len(rows)+len(skipped) < len(r.rows)
	r.env.Variants = present(r.envs)
	r.out.Summary = results.Summary{
		Schema:     results.SummarySchema,
		Scenario:   r.plan.Scenario,
		Title:      r.plan.Title,
		Kind:       r.plan.Kind,
		Size:       r.plan.Size,
		StartedUTC: r.env.StartedUTC,
		PlanHash:   r.plan.Hash,
		Partial:    partial,
		Notes:      slices.Concat([]string{}, r.notes, ranAgain(r.again), r.why.notes()),
		Variants:   rows,
		Skipped:    skipped,
	}
	r.out.Summary.AsExpected = verdict.AllAsExpected(rows)
	if all := r.out.Summary.AsExpected; partial && all != nil && *all {
		r.out.Summary.AsExpected = nil // of those that ran; of the run it cannot be told
	}
	r.out.Summary.Finding = results.Finding(r.out.Summary)
}

// present are those that are there.
func present[T any](all []*T) []T {
	some := []T{}
	for _, p := range all {
		if p != nil {
			some = append(some, *p)
		}
	}
	return some
}

func (r *run) save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
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
