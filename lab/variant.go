package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// variantRun is one variant being run: what its phases have to know. They do
// not change it. Each takes what earlier ones returned and returns what it
// found out:
//
//	up          the hosts
//	conditions  what they run under, read back from inside
//	load        what came of the load
//	judge       the row, from all of these
type variantRun struct {
	o       *Options
	run     string    // its name in the engine
	entered time.Time // when the command began; zero but for a run's first variant
	store   *results.Store
	images  images
	v       scenarios.Variant
	plan    results.VariantPlan
	rec     *recorder
	journal *journal
	show    VariantProgress
	heard   func(*conditions) // is told the conditions as soon as they are known
}

// turn keeps labs that are up at the same time out of each other's way. Each
// method but Loading waits until the lab may do what it says.
type turn interface {
	Load(context.Context) error
	Loading() // the load has begun
	GoDown(context.Context) error
}

// measured is what the phases of a variant returned. What a phase did not come
// to return is zero.
type measured struct {
	conf    configs
	under   *conditions
	load    loaded
	clocks  map[string]results.Clock // of hosts that have their own
	samples []results.Sample
	crash   error // why lab99 could not do its work
	timing  results.Timing
}

// do takes a variant whose turn it is to come up through the phases up to the judgement. measured is nil if
// the lab never came up. An error is about more than this variant: the run
// ends.
func (x *variantRun) do(ctx context.Context, turn turn) (m *measured, err error) {
	var h *hosts
	if err := caught(func() (err error) { h, err = x.up(ctx); return err }); err != nil {
		return nil, err
	}
	m = &measured{conf: h.conf, timing: results.Timing{UpS: &h.upS}}
	err = caught(func() error { return x.measure(ctx, h, m, turn) })
	if err != nil && ctx.Err() == nil {
		m.crash = err
	}
	if !errors.As(err, new(*crash.Error)) {
		err = nil // a verdict on this variant; the next may fare better
	}
	turn.GoDown(ctx) // whoever interrupts does not want to wait
	err = errors.Join(err, x.down(ctx, h, &m.timing))
	m.samples = x.rec.samples()
	return m, err
}

// measure runs the phases that need the hosts. Its error means that lab99 could
// not do its work; what is wrong with what was measured are faults in m.
func (x *variantRun) measure(ctx context.Context, h *hosts, m *measured, turn turn) (err error) {
	x.show.Phase("read back")
	if m.under, err = x.conditions(ctx, h); err != nil {
		return err
	}
	x.heard(m.under)
	if len(m.under.faults) > 0 {
		return nil // nothing measured from here on would count
	}
	if err := turn.Load(ctx); err != nil {
		return err
	}
	w, err := x.watchClocks(ctx, h)
	if err != nil {
		return err
	}
	atEnd := w.during(ctx)
	m.load, err = x.drive(ctx, h, m.under, w, turn.Loading)
	if cerr := atEnd(); cerr != nil && err == nil {
		m.load.fault("the hosts' clocks could not be read: " + cerr.Error())
	}
	m.clocks = w.estimates()
	m.timing.EnterToLoadS = m.load.enterToLoadS
	return err
}

// baseline is the variant that the others are compared with: as predicted, and
// the second of its first error 99, nil if there is none. A nil baseline is
// that of the baseline itself.
type baseline struct {
	predicted law.Prediction
	firstS    *float64
}

// asMeasured is all that the judge is told. The prediction is for the ports and
// the releases that were read back.
func (x *variantRun) asMeasured(m *measured, b *baseline) verdict.Measured {
	j := verdict.Measured{Plan: x.plan, Samples: m.samples, CPUs: x.o.Driver.Machine().CPUs}
	if b != nil {
		j.Baseline = b.firstS
	}
	if c := m.under; c != nil {
		j.Plan, j.Usable, j.ConntrackMax, j.Faults = c.plan, &c.usable, c.conntrackMax, c.faults
		if b != nil {
			c.setup.Baseline = &b.predicted
		}
		c.setup.ClockBound = clockBoundOf(m.clocks)
		j.Plan.Setup, j.Plan.Predicted = &c.setup, law.Predict(c.setup)
	}
	j.Faults = append(j.Faults[:len(j.Faults):len(j.Faults)], m.load.faults...)
	if m.crash != nil {
		j.Crash = m.crash.Error()
	}
	if o := m.load.observed; o != nil {
		j.Proxy, j.Log = &o.Net, verdict.Logged{ByText: o.ByText, Lines: o.Excerpt}
		j.TimeWaitAtEnd = o.TimeWaitAtEnd
	}
	j.Connect99 = m.load.connect99
	if d := m.load.done; d != nil {
		j.Totals, j.Latency, j.Service = &d.Totals, quantiles(d.Latency), quantiles(d.Service)
		j.LatencyOK, j.LatencyFailed = quantiles(d.LatencyOK), quantiles(d.LatencyFailed)
	}
	return j
}

// close closes the files of the variant.
func (x *variantRun) close() error { return storage(x.rec.file.Close(), x.journal.file.Close()) }

// caught runs a phase and makes an error of a panic in it, so that the lab is
// taken down and what was measured is kept.
func caught(phase func() error) (err error) {
	defer crash.Caught(&err)
	return phase()
}

// down takes the lab away, on every path and even when ctx has ended.
func (x *variantRun) down(ctx context.Context, h *hosts, timing *results.Timing) error {
	x.show.Phase("down")
	began := time.Now()
	dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	err := h.Down(dctx)
	took := time.Since(began)
	timing.DownS = new(took.Seconds())
	x.journal.note("down", "", "", &took)
	if err != nil {
		return fmt.Errorf("take the lab of %s down: %w", x.v.Name, err)
	}
	return nil
}
