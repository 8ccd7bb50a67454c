package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/results"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress tells how a run goes: bars on a terminal, else a line per phase.
type progress interface {
	lab.Progress
	close()
}

func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return newBars(w)
	}
	return &lines{w: lint.Printable(w)}
}

// lines writes a line per phase.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) close() {}

func (l *lines) Say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

func (l *lines) Begin(name string, v results.VariantPlan) lab.VariantProgress {
	return &variantLines{l, name, v}
}

type variantLines struct {
	l    *lines
	name string
	v    results.VariantPlan
}

func (l *variantLines) Sample(results.Sample) {}

func (l *variantLines) Phase(phase string) {
	words := phase
	switch phase {
	case "up":
		words = "starting the servers"
	case "read back":
		words = "checking the settings that took effect"
	case "load":
		words = "load: " + announce(l.v)
	case "drain":
		words = "waiting for the last replies"
	case "down":
		words = "removing the lab"
	case "judge":
		words = "judging"
	}
	l.l.Say(l.name + ": " + words)
}

func (l *variantLines) End(v results.Variant) { l.l.Say(l.name + ": " + outcome(v)) }

// announce says what is about to be seen.
func announce(v results.VariantPlan) string {
	s := fmt.Sprintf("%g %s/s for up to %g s", v.RatePerS, v.Laws().Unit(), v.DurationS)
	if first := v.Predicted.FirstError99S; first != nil && *first <= v.DurationS {
		s += ", error 99 due after " + law.FirstError99.WriteSpan(first, v.Predicted.FirstError99LatestS)
		if v.Race || v.Predicted.OrNever {
			s += " at the earliest" // as if nginx closed every connection first
		}
		return s
	}
	return s + ", no error 99 expected"
}

func outcome(v results.Variant) string {
	return standing(v.Verdict, v.Expected, v.AsExpected) + ": " + v.Why
}

// standing is a verdict as it stands to what was expected. The word alone may be right,
// and a figure beside it wrong.
func standing(verdict, expected string, asExpected *bool) string {
	switch {
	case asExpected == nil || *asExpected:
		return verdict
	case verdict == expected:
		return verdict + ", but a check failed"
	}
	return verdict + ", expected " + expected
}

// gauge is the latest of what the bar shows.
type gauge struct {
	mu       sync.Mutex
	phase    string
	plan     results.VariantPlan
	at       float64
	rate     float64
	ok       int64
	failed   int64
	ports    int64
	timeWait int64
}

func (g *gauge) take(s results.Sample) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case s.Load != nil:
		g.at = s.T
		g.ok += s.Load.OK
		g.failed += s.Load.Failed
		if s.Load.IntervalS > 0 {
			now := float64(s.Load.OK+s.Load.Failed) / s.Load.IntervalS
			g.rate += (now - g.rate) / 3 // a little calmer than a tenth of a second
		}
	case s.Net != nil && s.Host == results.HostProxy && s.Net.Sockets != nil:
		g.ports, g.timeWait = s.Net.Count(""), s.Net.Count(results.StateTimeWait)
	}
}

func (g *gauge) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.at == 0 {
		return g.phase
	}
	return fmt.Sprintf("%s  %4.0f/s  ok %d  failed %d  ports %d of %d  TIME_WAIT %d",
		g.phase, g.rate, g.ok, g.failed, g.ports, g.plan.Predicted.Tuples, g.timeWait)
}

// bars draws one bar per variant under way. Above them are those that have
// ended, and the talk.
type bars struct {
	p   *mpb.Progress
	mu  sync.Mutex
	all []*bar
}

func newBars(w io.Writer) *bars {
	return &bars{p: mpb.New(
		mpb.WithOutput(w), mpb.WithWidth(24), mpb.WithRefreshRate(100*time.Millisecond), mpb.PopCompletedMode(),
	)}
}

func (b *bars) Say(line string) { fmt.Fprintln(lint.Printable(b.p), line) }

func (b *bars) Begin(name string, v results.VariantPlan) lab.VariantProgress {
	g := &gauge{plan: v}
	one := &bar{gauge: g, bar: b.p.AddBar(int64(v.DurationS*1000),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return g.String() })),
	)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, one)
	return one
}

func (b *bars) close() {
	b.mu.Lock()
	for _, one := range b.all {
		if one.bar.IsRunning() {
			one.bar.Abort(false)
		}
	}
	b.mu.Unlock()
	b.p.Wait()
}

// bar is that of one variant.
type bar struct {
	bar   *mpb.Bar
	gauge *gauge
}

func (b *bar) Phase(phase string) {
	b.gauge.mu.Lock()
	defer b.gauge.mu.Unlock()
	b.gauge.phase = phase
}

func (b *bar) Sample(s results.Sample) {
	b.gauge.take(s)
	if s.Load != nil {
		b.bar.SetCurrent(min(int64(s.T*1000), int64(b.gauge.plan.DurationS*1000)-1))
	}
}

func (b *bar) End(v results.Variant) {
	b.gauge.mu.Lock()
	b.gauge.phase, b.gauge.at = outcome(v), 0
	b.gauge.mu.Unlock()
	b.bar.SetCurrent(int64(b.gauge.plan.DurationS * 1000)) // full, whatever ended the load
}
