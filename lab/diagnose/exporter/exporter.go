// Package exporter answers scrapes of OpenMetrics with what package diagnose sees of
// this host: how full the fullest pairs of source and destination are, and in how many
// seconds error 99 is due.
//
// A scrape looks at the host if the last look is Interval old, and otherwise gets that
// one again: however many scrape and however often, a host is looked at once in 5 s at
// most, and never if nobody asks. Where a look takes long, the next one waits until it may
// take as long (share), but not beyond AtMost.
//
//	exporter.go  when to look
//	metrics.go   what is said of a report
//	serve.go     the server
//	process_*.go what this process takes
//
// Neighbours: package diagnose looks and concludes, package openmetrics writes the text,
// package monitoring has the alert rules and the dashboard that ask for these metrics.
package exporter

import (
	"context"
	"sync"
	"time"

	"github.com/lab99/lab99/lab/diagnose"
)

// Interval is how old a look gets before a scrape makes another. It gets older where looks
// would take more than a share of a processor, up to AtMost.
const (
	Interval = 5 * time.Second
	AtMost   = 30 * time.Second // half of the minute that a look has of history

	share = 0.005
)

// wait is how long after a look that took so much processor time the next one is due.
func wait(took time.Duration) time.Duration {
	return min(max(Interval, time.Duration(float64(took)/share)), AtMost)
}

// Exporter looks at a host for whoever scrapes.
type Exporter struct {
	// Target says where to look. It is asked before each look, as a container that was
	// started again has another process.
	Target  func(context.Context) (diagnose.Target, error)
	Options diagnose.Options // Top is how many pairs are shown, and Before is set here

	Version, Revision string // of the program

	mu   sync.Mutex
	last look
	made int // looks
}

// look is what one came to.
type look struct {
	begun  time.Time
	due    time.Time // the next one
	took   time.Duration
	report *diagnose.Report
	err    error
}

// Look returns the last look, or a new one where that is too old. Of those who ask at the
// same time one looks, and the others wait for it. The error is that of the look: it
// stands until the next one is due, as looking again costs as much.
func (e *Exporter) Look(ctx context.Context) (*diagnose.Report, error) {
	l, _ := e.recent(ctx)
	return l.report, l.err
}

// recent also says how many looks were made so far.
func (e *Exporter) recent(ctx context.Context) (look, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !time.Now().Before(e.last.due) {
		e.last = e.look(ctx)
		e.made++
	}
	return e.last, e.made
}

func (e *Exporter) look(ctx context.Context) (l look) {
	l.begun = time.Now()
	before := spent()
	defer func() {
		l.took = time.Since(l.begun)
		l.due = l.begun.Add(wait(spent() - before))
	}()
	target, err := e.Target(ctx)
	if err != nil {
		l.err = err
		return l
	}
	target.Lean = true
	s, err := diagnose.Look(ctx, target)
	if err != nil {
		l.err = err
		return l
	}
	l.report = diagnose.Conclude(s, e.Options)
	e.Options.Before = s // Interval old at least when it is compared
	return l
}
