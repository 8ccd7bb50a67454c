package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/loadgen/figures"
)

// Merge adds results of generators that worked at the same time, on one machine
// or many, as if they had been one: counts and histograms without loss, times
// aligned by the moment each schedule began. The target's and the generators'
// limits are judged anew. OKBeforeFirst is left out, since no result knows how
// many requests of the others had succeeded by then.
func Merge(results ...*Result) (*Result, error) {
	if len(results) == 0 {
		return nil, errors.New("merging results: none given")
	}
	rs := slices.Clone(results)
	slices.SortStableFunc(rs, func(a, b *Result) int { return a.StartUTC.Compare(b.StartUTC) })
	m := &Result{
		Record: Record{
			StartUTC: rs[0].StartUTC, StartNs: rs[0].StartNs, Mode: rs[0].Mode,
			Causes: make(map[string]int64), Status: make(map[int]int64),
		},
		FirstOf:   make(map[string]int64),
		Latency:   newHistogram(),
		LatencyOK: newHistogram(),
		Service:   newHistogram(),
		Lateness:  newHistogram(),
		Connect:   newHistogram(),
	}
	var stopped []string
	alike := true
	for _, r := range rs {
		if r.Mode != m.Mode {
			return nil, fmt.Errorf("merging results: one ran in mode %s, another in mode %s", m.Mode, r.Mode)
		}
		if err := m.merge(r); err != nil {
			return nil, err
		}
		if m.ClosesAfter = r.ClosesAfter; r.ClosesAfter != rs[0].ClosesAfter {
			alike = false
		}
		if r.StoppedBy != "" {
			stopped = append(stopped, r.StoppedBy)
		}
	}
	if !alike {
		m.ClosesAfter = 0
	}
	slices.Sort(stopped)
	m.StoppedBy = strings.Join(slices.Compact(stopped), ", ")
	m.judge()
	return m, nil
}

func (r *Result) merge(o *Result) error {
	figures.Add(&r.Counts, &o.Counts)
	r.add(&o.Record)
	for k, n := range o.Causes {
		r.Causes[k] += n
	}
	for k, n := range o.Status {
		r.Status[k] += n
	}
	for _, h := range []struct{ to, from *hdrhistogram.Histogram }{
		{r.Latency, o.Latency}, {r.LatencyOK, o.LatencyOK}, {r.Service, o.Service}, {r.Lateness, o.Lateness},
		{r.Connect, o.Connect},
	} {
		if lost := h.to.Merge(h.from); lost > 0 {
			return fmt.Errorf("merging results: %d values are beyond the range of %v", lost, time.Duration(longest))
		}
	}
	// Another machine's monotonic clock counts from another boot.
	shift := r.StartNs + int64(o.StartUTC.Sub(r.StartUTC)) - o.StartNs
	for k, at := range o.FirstOf {
		if first, ok := r.FirstOf[k]; !ok || at+shift < first {
			r.FirstOf[k] = at + shift
		}
	}
	r.EndNs = max(r.EndNs, o.EndNs+shift)
	r.DoneNs = max(r.DoneNs, o.DoneNs+shift)
	if r.BadWhy == "" {
		r.BadWhy, r.BadSample = o.BadWhy, o.BadSample
	}
	r.Engine = cmp.Or(r.Engine, o.Engine)
	r.ConnectWhy = cmp.Or(r.ConnectWhy, o.ConnectWhy)
	for _, a := range o.Addresses {
		if !slices.Contains(r.Addresses, a) {
			r.Addresses = append(r.Addresses, a)
		}
	}
	for a, why := range o.LeftOut {
		if r.LeftOut == nil {
			r.LeftOut = make(map[string]string)
		}
		r.LeftOut[a] = why
	}
	if r.OwnLimit == "" {
		r.OwnLimit = o.OwnLimit
	}
	r.Interrupted = r.Interrupted || o.Interrupted
	return nil
}

// add adds what is marked to be.
func (r *Record) add(o *Record) {
	from := reflect.ValueOf(o).Elem()
	for f, to := range reflect.ValueOf(r).Elem().Fields() {
		if f.Tag.Get("merge") == "+" {
			to.SetInt(to.Int() + from.FieldByIndex(f.Index).Int())
		}
	}
}
