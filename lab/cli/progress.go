package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/lab99/lab99/lab"
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
	return &lines{w: w}
}

// lines writes a line per phase.
type lines struct {
	w  io.Writer
	mu sync.Mutex
	v  results.VariantPlan
}

func (l *lines) Say(line string)       { l.print(line) }
func (l *lines) Sample(results.Sample) {}
func (l *lines) close()                {}

func (l *lines) Begin(v results.VariantPlan) {
	l.mu.Lock()
	l.v = v
	l.mu.Unlock()
}

func (l *lines) Phase(phase string) {
	l.mu.Lock()
	v := l.v
	l.mu.Unlock()
	if phase == "load" {
		phase = "load: " + announce(v)
	}
	l.print(v.Name + ": " + phase)
}

func (l *lines) End(v results.Variant) { l.print(v.Name + ": " + outcome(v)) }

func (l *lines) print(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, s)
}

// announce says what is about to be seen.
func announce(v results.VariantPlan) string {
	s := fmt.Sprintf("%g requests/s for up to %g s", v.RatePerS, v.DurationS)
	if first := v.Predicted.FirstError99S; first != nil && *first <= v.DurationS {
		return s + fmt.Sprintf(", error 99 due after %.2f s", *first)
	}
	return s + ", no error 99 expected"
}

func outcome(v results.Variant) string {
	s := v.Verdict + ": " + v.Why
	if v.AsExpected != nil && !*v.AsExpected {
		s += " (expected: " + v.Expected + ")"
	}
	return s
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
		g.ports, g.timeWait = s.Net.Count(""), s.Net.Count("time-wait")
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

// bars draws one bar per variant.
type bars struct {
	p   *mpb.Progress
	mu  sync.Mutex
	bar *mpb.Bar
	g   *gauge
}

func newBars(w io.Writer) *bars {
	return &bars{p: mpb.New(mpb.WithOutput(w), mpb.WithWidth(24), mpb.WithRefreshRate(100*time.Millisecond))}
}

func (b *bars) Say(line string) { fmt.Fprintln(b.p, line) } // above the bars

func (b *bars) Begin(v results.VariantPlan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := &gauge{plan: v}
	b.g = g
	b.bar = b.p.AddBar(int64(v.DurationS*1000),
		mpb.PrependDecorators(decor.Name(v.Name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return g.String() })),
	)
}

func (b *bars) now() (*mpb.Bar, *gauge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bar, b.g
}

func (b *bars) Phase(phase string) {
	_, g := b.now()
	g.mu.Lock()
	g.phase = phase
	g.mu.Unlock()
}

func (b *bars) Sample(s results.Sample) {
	bar, g := b.now()
	g.take(s)
	if s.Load != nil {
		bar.SetCurrent(min(int64(s.T*1000), int64(g.plan.DurationS*1000)-1))
	}
}

func (b *bars) End(v results.Variant) {
	bar, g := b.now()
	g.mu.Lock()
	g.phase, g.at = outcome(v), 0
	g.mu.Unlock()
	bar.SetCurrent(int64(g.plan.DurationS * 1000)) // full, whatever ended the load
}

func (b *bars) close() {
	if bar, _ := b.now(); bar != nil && bar.IsRunning() {
		bar.Abort(false)
	}
	b.p.Wait()
}
