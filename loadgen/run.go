package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// run is what the loops of one Run share. The hot path only reads it.
type run struct {
	plan   *plan
	engine *engine
	clock  clock
	causes *causeTable
	stops  []stop
	loops  []*loop

	start     atomic.Int64 // t = 0; 0 until it is known
	limit     atomic.Int64 // an early end of the schedule; Never
	unready   atomic.Int32 // loops that still open connections
	mu        sync.Mutex
	endedBy   string // who set limit
	first     map[causeID]firstOf
	ownLimit  string
	badWhy    string
	badSample []byte
	noConnect string // why the first connection did not come about
}

type firstOf struct{ ns, okBefore int64 }

const interrupted = "interrupted"

// Run drives the load and returns when the schedule has ended and what was in
// flight is drained. When ctx ends, the schedule ends at once, the drain takes
// place, and the result is whole, with Interrupted set. An error means that no
// load was driven: a bad configuration, or a target that is not allowed.
func Run(ctx context.Context, c Config) (*Result, error) {
	p, err := newPlan(ctx, c)
	if err != nil {
		return nil, err
	}
	p.reach(ctx)
	r := &run{plan: p, engine: &theEngine, causes: newCauseTable(), first: make(map[causeID]firstOf)}
	if r.clock, err = newClock(); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	if now := r.clock.now(); p.Start != 0 && p.Start <= now {
		return nil, &LateStartError{time.Duration(now - p.Start)}
	}
	if err := r.engine.check(p); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	r.start.Store(p.Start)
	r.limit.Store(Never)
	r.unready.Store(int32(p.Loops))
	r.stops = make([]stop, len(p.Stop))
	for i, s := range p.Stop {
		r.stops[i].set(s, r.causes)
	}
	for id := range p.Loops {
		r.loops = append(r.loops, newLoop(r, id))
	}
	defer r.engine.threads(p.Loops)()
	return r.drive(ctx)
}

// drive runs the loops and the collector to their ends.
func (r *run) drive(ctx context.Context) (*Result, error) {
	var (
		wg   sync.WaitGroup
		errs = make([]error, len(r.loops))
		col  = newCollector(r)
	)
	stopWatch := context.AfterFunc(ctx, func() { r.endAt(r.clock.now(), interrupted) })
	defer stopWatch()
	for i, l := range r.loops {
		wg.Go(func() { errs[i] = l.drive() })
	}
	wg.Go(col.collect)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	return r.result(col), nil
}

// ready is called by each loop once its connections are open or have failed
// to. The last one starts the schedule, a little ahead so that all see it.
func (r *run) ready() {
	if r.unready.Add(-1) == 0 && r.plan.Start == 0 {
		r.start.Store(r.clock.now() + int64(2*time.Millisecond))
	}
}

// endAt ends the schedule at ns unless something else ends it before.
func (r *run) endAt(ns int64, by string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ns < r.limit.Load() {
		r.limit.Store(ns)
		r.endedBy = by
	}
}

// stop counts towards a Stop, over all loops.
type stop struct {
	Stop
	id   causeID // causeNone: any
	n    atomic.Int64
	past []tally // of Share: totals at the snapshots of the last Window
}

// tally is how many requests had ended at a moment, and failed by the cause.
type tally struct{ ns, ended, hits int64 }

func (s *stop) set(from Stop, t *causeTable) {
	s.Stop, s.id = from, t.id(from.Cause)
	s.Count = max(s.Count, 1)
	setDefault(&s.Window, time.Second)
}

func (s *stop) what() string {
	if s.Cause == "" {
		return "failures"
	}
	return s.Cause
}

func (s *stop) hit(r *run, cause causeID, now int64) {
	if s.Share > 0 || s.id != causeNone && s.id != cause || s.n.Add(1) != s.Count {
		return
	}
	r.endAt(now+int64(s.After), fmt.Sprintf("%s ×%d", s.what(), s.Count))
}

// watch looks at the share of failures, once a snapshot, in the collector.
func (s *stop) watch(r *run, now tally) {
	if s.Share == 0 {
		return
	}
	s.past = append(s.past, now)
	from := now.ns - int64(s.Window)
	for len(s.past) > 2 && s.past[1].ns <= from {
		s.past = s.past[1:]
	}
	ended, hits := now.ended-s.past[0].ended, now.hits-s.past[0].hits
	if s.past[0].ns <= from && float64(hits) > s.Share*float64(ended) {
		r.endAt(now.ns+int64(s.After), fmt.Sprintf("%s over %v %% in %v", s.what(), 100*s.Share, s.Window))
	}
}

// noteFirst keeps the earliest failure by a cause, with the successes of all
// loops before it.
func (r *run) noteFirst(id causeID, now int64) {
	var ok int64
	for _, l := range r.loops {
		ok += l.okSeen.Load()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, seen := r.first[id]; !seen || now < f.ns {
		r.first[id] = firstOf{now, ok}
	}
}

func (r *run) noteConnect(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noConnect == "" {
		r.noConnect = why
	}
}

func (r *run) noteBad(why string, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.badWhy == "" {
		r.badWhy, r.badSample = why, append([]byte(nil), b[:min(len(b), 256)]...)
	}
}
