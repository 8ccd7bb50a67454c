package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/trace"
)

// Tracing goes with the looks that are taken while connect() is traced. It keeps how
// full each destination was, since ports may be free again when the last look is taken.
type Tracing struct {
	Counts *trace.Counts // so far
	Each   bool          // report what the time since the last look added, too

	last    *trace.Counts
	fullest map[place]float64
}

// place is a destination as seen from a namespace, by its inode.
type place struct {
	namespace   uint64
	destination string
}

// Traced is what connect() came to.
type Traced struct {
	Seconds   float64         `json:"seconds"`            // how long it was traced
	RecentS   float64         `json:"recent_s,omitempty"` // how long ago the look before was; absent after one
	Failures  []TracedFailure `json:"failures"`           // the most frequent first
	Others    int64           `json:"others"`             // failed calls that are left out
	Succeeded TracedTimes     `json:"succeeded"`
	Error99   TracedTimes     `json:"error_99"`
	Failed    TracedTimes     `json:"failed"` // otherwise
	Lost      int64           `json:"lost"`   // calls that may be missing
}

// TracedFailure is how often connect() of a process failed with one errno towards one
// destination.
type TracedFailure struct {
	Namespace   string `json:"namespace"`
	Inode       uint64 `json:"inode"` // 0: unknown
	Process     string `json:"process"`
	PID         int    `json:"pid"`
	Destination string `json:"destination"`
	Errno       int    `json:"errno"`
	Error       string `json:"error"` // EADDRNOTAVAIL
	Count       int64  `json:"count"`
	Recent      *int64 `json:"recent,omitempty"` // of those, since the look before
}

// TracedTimes is how long calls took. Times are the ends of powers of two, so at most
// twice the true ones.
type TracedTimes struct {
	Count int64   `json:"count"`
	P50Us float64 `json:"p50_us"`
	P99Us float64 `json:"p99_us"`
	MaxUs float64 `json:"max_us"`
	Log2  []int64 `json:"log2_ns"` // element i: calls of 2^i ns and more, below 2^(i+1)
}

const errorNoPort = 99 // EADDRNOTAVAIL on Linux

// note keeps how full the pairs of a report are that still has them all.
func (t *Tracing) note(r *Report) {
	if t == nil {
		return
	}
	if t.fullest == nil {
		t.fullest = map[place]float64{}
	}
	for i := range r.Namespaces {
		for j := range r.Namespaces[i].Tuples {
			if x := &r.Namespaces[i].Tuples[j]; x.Tuples != nil {
				at := place{r.Namespaces[i].Inode, x.Destination}
				t.fullest[at] = max(t.fullest[at], x.fullness())
			}
		}
	}
}

// conclude adds the trace to a report, and findings that hold error 99 against how full the
// ports are.
func (t *Tracing) conclude(r *Report, s *Snapshot, top int) {
	if t == nil || t.Counts == nil {
		return
	}
	r.Trace = t.report(r, top)
	r.Findings = append(r.Findings, t.findings(r, s)...)
	t.last = t.Counts
}

// fullness is the share of the ports that are taken, those included that tcp_tw_reuse gives
// away: a moment ago it did not.
func (t *Tuple) fullness() float64 {
	if t.State == Exhausted || *t.Tuples == 0 {
		return 1
	}
	return min(1, float64(t.Taken)/float64(*t.Tuples))
}

func (t *Tracing) report(r *Report, top int) *Traced {
	c := t.Counts
	traced := &Traced{
		Seconds: round3(c.For), Failures: []TracedFailure{}, Lost: c.Lost,
		Succeeded: timesOf(&c.Succeeded), Error99: timesOf(&c.NoPort), Failed: timesOf(&c.Failed),
	}
	before := map[trace.Failure]int64{}
	if t.Each && t.last != nil {
		traced.RecentS = round3(c.For - t.last.For)
		for _, f := range t.last.Failures {
			n := f.Count
			f.Count = 0
			before[f] = n
		}
	}
	for i, f := range c.Failures {
		if top > 0 && i >= top {
			traced.Others += f.Count
			continue
		}
		row := TracedFailure{
			Namespace: r.nameOf(f.Namespace), Inode: f.Namespace, Process: process(f), PID: f.PID,
			Destination: f.To.String(), Errno: f.Errno, Error: f.Name, Count: f.Count,
		}
		if traced.RecentS > 0 {
			f.Count = 0
			row.Recent = new(row.Count - before[f])
		}
		traced.Failures = append(traced.Failures, row)
	}
	return traced
}

func round3(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

func process(f trace.Failure) string {
	return cmp.Or(format.Name(f.Process), "?")
}

// nameOf is what a namespace is called.
func (r *Report) nameOf(inode uint64) string {
	for i := range r.Namespaces {
		if n := &r.Namespaces[i]; inode != 0 && n.Inode == inode {
			return n.Name
		}
	}
	if inode == 0 {
		return "unknown"
	}
	return fmt.Sprintf("net:[%d]", inode) // it began since, or has ended
}

func timesOf(h *trace.Histogram) TracedTimes {
	us := func(q float64) float64 { return (float64(h.Quantile(q)) + 1) / 1000 }
	t := TracedTimes{Count: h.Count(), Log2: []int64{}}
	if t.Count == 0 {
		return t
	}
	t.P50Us, t.P99Us, t.MaxUs = us(0.5), us(0.99), us(1)
	last := len(h) - 1
	for h[last] == 0 {
		last--
	}
	t.Log2 = slices.Clone(h[:last+1])
	return t
}
