package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/schedule"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
)

// attempt is one try at a variant, and what came of it.
type attempt struct {
	i      int         // of the variant
	x      *variantRun // nil: it was not begun
	m      *measured   // nil: its lab never came up
	err    error       // about more than this variant
	before *attempt    // which was disturbed; this one is alone
}

// variants runs them, several at once where the machine bears it. A variant
// whose measurement is invalid does not keep the others from being measured. A
// machine that cannot run one cannot run the next either: after an error those
// under way come to their end, and no further one starts.
//
// What is said of them does not depend on the order in which they end: each is
// judged after the first, with which it is compared.
func (r *run) variants(ctx context.Context) error {
	starting, noMore := r.untilStopped(ctx)
	defer noMore()
	n := len(r.plan.Variants)
	toRun := make([]int, 0, n)
	for i := range r.plan.Variants {
		if r.isSkipped(i) == "" {
			toRun = append(toRun, i)
		}
	}
	ended := make(chan attempt)
	crash.Go(func() {
		for _, i := range toRun {
			v := r.plan.Variants[i]
			r.try(ctx, starting, noMore, attempt{i: i}, need(v), ended)
		}
		if r.o.started != nil {
			r.o.started()
		}
	})
	errs := make([]error, n)
	unjudged := make([]*attempt, n)
	var base *baseline
	for pending := len(toRun); pending > 0; {
		a := <-ended
		if a.err != nil {
			errs[a.i] = a.err
		}
		if r.isDisturbed(a) {
			go r.try(ctx, starting, noMore, attempt{i: a.i, before: &a}, schedule.Need{Alone: true}, ended)
			continue
		}
		pending--
		unjudged[a.i] = &a
		for i, a := range unjudged {
			if a == nil || i > 0 && base == nil {
				continue
			}
			err := r.conclude(*a, base)
			if err != nil && errs[i] == nil {
				errs[i] = err
				noMore()
			}
			if i == 0 {
				base = r.baseline(*a)
			}
			unjudged[i] = nil
		}
	}
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// untilStopped is done when no further variant may start.
func (r *run) untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-r.o.Stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// try waits for a place on the machine, and for the lab's turn to come up, and runs
// a variant there. After an error it calls noMore.
func (r *run) try(
	ctx, starting context.Context, noMore func(), a attempt, n schedule.Need, ended chan<- attempt,
) {
	place, err := r.o.machine.Acquire(starting, n)
	if err != nil {
		ended <- a.notBegun()
		return
	}
	crash.Go(func() {
		if err := place.ComeUp(starting); err != nil {
			place.Release()
			ended <- a.notBegun()
			return
		}
		a.x, a.err = r.begin(a)
		if a.err == nil {
			a.m, a.err = a.x.do(ctx, place)
		}
		r.lacked(&a)
		if a.err != nil {
			noMore() // before somebody else gets the place
		}
		place.Release()
		ended <- a
	})
}

// notBegun is what there is of an attempt that no longer may start.
func (a attempt) notBegun() attempt {
	if a.before != nil {
		return *a.before
	}
	return a
}

// begin opens the files of a variant. Those of a disturbed attempt are removed.
func (r *run) begin(a attempt) (*variantRun, error) {
	v, plan := r.o.Scenario.Variants[a.i], r.plan.Variants[a.i]
	var show VariantProgress
	if a.before != nil {
		show = a.before.x.show
		if err := errors.Join(a.before.x.close(), os.RemoveAll(filepath.Join(r.store.Dir, v.Name))); err != nil {
			return nil, &StorageError{err}
		}
	} else {
		show = r.o.Progress.Begin(v.Name, plan)
	}
	samples, err := r.store.AppendLines(path.Join(v.Name, results.SamplesFile))
	if err != nil {
		return nil, &StorageError{err}
	}
	events, err := r.store.AppendLines(path.Join(v.Name, results.EventsFile))
	if err != nil {
		return nil, errors.Join(&StorageError{err}, samples.Close())
	}
	rec := newRecorder(samples, show.Sample)
	if hosts := driver.LoadHosts(v.Load.Pods); len(hosts) > 1 {
		rec.shared = newShared(hosts)
	}
	x := &variantRun{
		o: &r.o, run: r.name, store: r.store, images: r.images, v: v, plan: plan, show: show,
		rec: rec, journal: &journal{file: events, rec: rec}, heard: func(c *conditions) { r.heard(a.i, c) },
	}
	switch {
	case a.i > 0:
	case r.o.Entered.IsZero():
		x.entered = time.Now()
	default:
		x.entered = r.o.Entered
	}
	return x, nil
}

// heard takes what was read back of a variant.
func (r *run) heard(i int, c *conditions) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.envs[i] = &c.env
	for _, s := range r.why.add(c.env.Name, c.reasons) {
		r.o.Progress.Say("Note: " + c.env.Name + ": " + s)
	}
}

// isDisturbed says whether a variant is to be run again, alone: something kept the
// machine too busy for it, other labs or not. That is noted. With --parallel 1 it
// is not: that asks for each variant once.
func (r *run) isDisturbed(a attempt) bool {
	if a.m == nil || a.err != nil || r.o.Parallel == 1 || a.before != nil || r.stopped() {
		return false
	}
	m := a.x.asMeasured(a.m, nil)
	row := verdict.Judge(m)
	if !verdict.Disturbed(m, row) && !a.m.load.busy {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.again = append(r.again, a.x.v.Name)
	r.o.Progress.Say(fmt.Sprintf("%s: invalid, so it will run again alone: %s", a.x.v.Name, row.Why))
	return true
}

// ranAgain notes the variants that ran twice, in one line: what came of the second
// time is in their rows.
func ranAgain(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	return []string{"ran again alone, as the machine was too busy the first time: " + format.List(names)}
}

// conclude judges an attempt, and writes what came of it.
func (r *run) conclude(a attempt, b *baseline) error {
	if a.x == nil {
		return nil
	}
	if a.m == nil {
		err := a.x.close()
		if why := r.isSkipped(a.i); why != "" { // its files have nothing in them
			err = errors.Join(err, storage(os.RemoveAll(filepath.Join(r.store.Dir, a.x.v.Name))))
			a.x.show.End(results.Variant{Name: a.x.v.Name, Verdict: results.Skipped, Why: why})
			r.summarise(false)
		}
		return err
	}
	if a.m.under != nil {
		r.mu.Lock()
		a.m.under.env.Clocks = a.m.clocks
		r.mu.Unlock()
	}
	a.x.show.Phase("judge")
	row, err := a.x.judge(a.m, b)
	r.rows[a.i] = row
	a.x.show.End(*row)
	r.summarise(false)
	return errors.Join(err, a.x.close(), r.save())
}

// baseline is what the first variant means to the others: as measured, or if
// it was not, as predicted.
func (r *run) baseline(a attempt) *baseline {
	plan, row := r.plan.Variants[0], r.rows[0]
	if a.m != nil {
		plan = a.x.asMeasured(a.m, nil).Plan
	}
	p := baselineOf(plan.Laws(), plan.Predicted)
	b := &baseline{predicted: *p, firstS: p.FirstError99S}
	if b.firstS != nil && row != nil && row.Verdict == law.Reproduced {
		b.firstS = row.FirstError
	}
	if latest := p.FirstError99LatestS; latest != nil && b.firstS != nil {
		b.firstS = latest // when within an interval is chance: only what comes after it is later
	}
	return b
}
