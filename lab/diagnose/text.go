package diagnose

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/results"
	"k8s.io/utils/ptr"
)

// Write writes the report for a person: the fullest tuples, what to know about them, and
// what was not seen. Names of processes and containers are somebody else's words, so
// nothing in them reaches a terminal as a command.
func (r *Report) Write(w io.Writer) error {
	b := bufio.NewWriter(lint.Printable(w))
	p := printer{b, w}
	tuples, others := 0, 0
	for _, n := range r.Namespaces {
		tuples, others = tuples+len(n.Tuples), others+n.Others
	}
	fmt.Fprintf(p, "Linux %s, %s, %s of source and destination\n", r.Kernel,
		format.Plural(len(r.Namespaces), "network namespace"), format.Plural(tuples+others, "pair"))
	if tuples > 0 {
		fmt.Fprintln(p)
		r.writeTuples(p)
	}
	if others > 0 {
		fmt.Fprintf(p, "(%s left out: --top)\n", format.Plural(others, "emptier pair"))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(p, "\n%s: %s [%s]\n", f.Level, f.Text, f.ID)
		if at := f.Place(); at != "" {
			fmt.Fprintf(p, "  at: %s\n", at)
		}
		if f.Next != "" {
			fmt.Fprintf(p, "  next: %s\n", f.Next)
		}
	}
	r.writeMitigations(p)
	r.Trace.write(p)
	if len(r.Unseen) > 0 {
		fmt.Fprintf(p, "\nnot seen:\n")
		for _, u := range r.Unseen {
			fmt.Fprintf(p, "  %s\n", u)
		}
	}
	return b.Flush()
}

// printer is a buffer that knows where it goes: a table asks for the width.
type printer struct {
	io.Writer
	to io.Writer
}

func (p printer) Unwrap() io.Writer { return p.to }

func (r *Report) writeTuples(w io.Writer) {
	tw := table.New(w)
	fmt.Fprintln(tw, "namespace\tprocesses\tsource\tdestination\ttaken\tof\tshare\t"+
		"TIME_WAIT\tnew/s\tcloses first\thalf range\terror 99\tstate")
	for _, n := range r.Namespaces {
		processes := "–"
		if len(n.Processes) > 0 {
			processes = n.Processes[0]
			if more := len(n.Processes) - 1; more > 0 {
				processes += fmt.Sprintf(" +%d", more)
			}
		}
		for i := range n.Tuples {
			t := &n.Tuples[i]
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				n.Name, processes, t.Source, t.Destination,
				format.Grouped(t.Taken-t.Reusable), format.Or(t.Tuples, format.Grouped[int], "?"),
				format.Or(t.Share, format.Percent, "?"), format.Grouped(t.States[results.StateTimeWait]),
				t.rate(), t.closesFirst(), t.when(t.HalfRangeS, "taken"), t.fails(), t.State)
		}
	}
	tw.Flush()
}

// Forecast is a sentence about error 99, without its end.
func (t *Tuple) Forecast() string {
	switch {
	case t.State == Exhausted:
		return "All ports are taken: connect() fails with error 99"
	case t.State == RunningOut:
		return "Error 99 is due " + t.fails()
	case t.State == Slow:
		return "Half of the ports are taken " + t.when(t.HalfRangeS, "now") + ": connect() becomes slow"
	case t.State == Unknown:
		return "Too little is known for a forecast"
	}
	return "Error 99 is not due"
}

// Facts are what a pair is besides, as names and words.
func (t *Tuple) Facts() [][2]string {
	return [][2]string{
		{"TIME_WAIT", format.Grouped(t.States[results.StateTimeWait])}, {"new a second", t.rate()},
		{"closes first", t.closesFirst()}, {"half of the ports", t.when(t.HalfRangeS, "taken")},
	}
}

// Place is where in a file a finding is; "": in none.
func (f *Finding) Place() string {
	if f.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// rate is that of new connections, or of the TIME_WAITs that are seen of them.
func (t *Tuple) rate() string {
	if t.NewPerS != nil {
		return format.Rough(*t.NewPerS)
	}
	if t.TimeWaitsPerS == 0 {
		return "–"
	}
	return "≥ " + format.Rough(t.TimeWaitsPerS)
}

func (t *Tuple) closesFirst() string {
	switch f := t.CloseShare; {
	case f == nil && t.CloseShareMax != nil:
		return bounded(*t.CloseShareMin, *t.CloseShareMax)
	case f == nil:
		return "?"
	case *f > 0.99:
		return "this end"
	case *f < 0.01:
		return "other end"
	default:
		return "this end " + format.Percent(*f)
	}
}

// bounded says who closes first where f is known by its bounds.
func bounded(least, most float64) string {
	switch {
	case least > 0.99:
		return "this end"
	case most < 0.01:
		return "other end"
	case least < 0.01 && most > 0.99:
		return "?"
	case most-least < 0.01:
		return "this end " + format.Percent(least)
	case most > 0.99:
		return "this end ≥ " + format.Percent(least)
	case least < 0.01:
		return "this end ≤ " + format.Percent(most)
	}
	return "this end " + format.Percent(least) + " to " + format.Percent(most)
}

// fails says when error 99 comes.
func (t *Tuple) fails() string {
	text := t.when(t.FirstError99S, "now")
	switch {
	case t.InDoubt:
		return text + " at the soonest"
	case t.FirstError99LatestS == nil:
		return text
	}
	return "in " + format.Span(format.About(*t.FirstError99S), format.About(*t.FirstError99LatestS))
}

func (t *Tuple) when(s *float64, now string) string {
	switch {
	case t.Tuples == nil:
		return "?"
	case s == nil:
		return "not due"
	case *s == 0:
		return now
	}
	return "in " + format.About(*s)
}

// writeMitigations is the table of the most urgent tuple.
func (r *Report) writeMitigations(w io.Writer) {
	var t *Tuple
	for i := range r.Namespaces {
		for j := range r.Namespaces[i].Tuples {
			x := &r.Namespaces[i].Tuples[j]
			if x.Mitigations != nil && (t == nil || *x.FirstError99S < *t.FirstError99S) {
				t = x
			}
		}
	}
	if t == nil {
		return
	}
	fmt.Fprintf(w, "\nWhat each change would do for %s → %s, from an empty table on, at %s a second:\n\n",
		t.Source, t.Destination,
		format.Rough(t.setup.RatePerS))
	tw := table.New(w)
	fmt.Fprintln(tw, "mitigation\terror 99\tports\tbears/s\tverdict")
	const never = 1e18 // later than any moment
	for _, name := range slices.SortedFunc(maps.Keys(t.Mitigations), func(a, b string) int {
		x, y := t.Mitigations[a], t.Mitigations[b]
		return cmp.Or(
			cmp.Compare(ptr.Deref(y.FirstError99S, never), ptr.Deref(x.FirstError99S, never)),
			cmp.Compare(a, b),
		)
	}) {
		m := t.Mitigations[name]
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n",
			name, format.Or(m.FirstError99S, format.About, "never"), format.Grouped(m.Tuples),
			format.Or(m.SafeRatePerS, format.Rough, "any"), m.Verdict)
	}
	tw.Flush()
}
