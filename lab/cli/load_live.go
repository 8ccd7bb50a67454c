package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/loadgen/figures"
	"golang.org/x/term"
)

// liveLine is one line on a terminal that says how the load goes. Elsewhere it
// is silent. It is drawn five times a second by hand: a library that renders
// on its own clock would take its CPU from the generator.
type liveLine struct {
	w     io.Writer
	fd    int // of the terminal, or -1
	mu    sync.Mutex
	shown bool
	sum   loadgen.Counts
	from  int64 // CLOCK_MONOTONIC of the beginning of what is to be drawn next
	base  int64 // and of the load
	done  int64 // requests that ended since from
	label string
}

func newLiveLine(w io.Writer) *liveLine {
	l := &liveLine{w: w, fd: -1}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		l.fd = int(f.Fd())
	}
	return l
}

// show draws a snapshot. total is the length of the schedule, 0 if not known.
func (l *liveLine) show(s *loadgen.Snapshot, total time.Duration) {
	if l.fd < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.base == 0 {
		l.base = s.MonoNs - int64(s.Interval)
		l.from = l.base
	}
	figures.Add(&l.sum, &s.Counts)
	l.done += s.OK + s.Failed
	since := time.Duration(s.MonoNs - l.from)
	if since < 190*time.Millisecond {
		return
	}
	text := fmt.Sprintf("%s%5.1fs", l.label, time.Duration(s.MonoNs-l.base).Seconds())
	if total > 0 {
		text += fmt.Sprintf(" of %v", total)
	}
	tail, of := "p99", s.P99
	if !loadgen.Enough(s.N, 99) {
		tail, of = "max", s.Max
	}
	text += fmt.Sprintf("  %.0f/s  ok %d  failed %d  %s %s  busy %d/%d", float64(l.done)/since.Seconds(), l.sum.OK,
		l.sum.Failed, tail, span(float64(of)), s.InFlight, s.Open)
	if s.Waiting > 0 || l.sum.Dropped > 0 {
		text += fmt.Sprintf("  waiting %d  dropped %d", s.Waiting, l.sum.Dropped)
	}
	if width, _, err := term.GetSize(l.fd); err == nil && width > 0 { // a wrapped line could not be wiped
		runes := []rune(text)
		text = string(runes[:min(width-1, len(runes))])
	}
	fmt.Fprint(l.w, "\r\x1b[K"+text)
	l.shown, l.from, l.done = true, s.MonoNs, 0
}

// begin starts again for another load.
func (l *liveLine) begin(label string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum, l.base, l.done, l.label = loadgen.Counts{}, 0, 0, label
}

// clear takes the line away.
func (l *liveLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
}

func (l *liveLine) wipe() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.shown = false
	}
}

// say prints a line that stays, terminal or not.
func (l *liveLine) say(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wipe()
	fmt.Fprintln(l.w, s)
}
