package loadgen

import (
	"fmt"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/loadgen/figures"
)

// What a Hold counts, and what it makes of that: a snapshot at each interval, and the result.

func (h *holding) refused(cause string, err error, due, sent, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun(due, sent)
	if h.cut.Err() != nil {
		return // the drain was over first: unfinished
	}
	h.n.Failed++
	h.causes[cause]++
	if _, seen := h.first[cause]; !seen {
		h.first[cause] = firstOf{now, h.n.OK}
	}
	if h.why == "" && err != nil {
		h.why = err.Error()
	}
	switch cause {
	case CauseNoPorts:
		h.limit("the generator itself ran out of source ports")
	case CauseNoFiles, "socket: ENFILE":
		h.limit("the generator itself ran out of file descriptors")
	}
	h.timed(h.out.Latency, due, sent, now)
	for i, s := range h.Stop {
		if s.Cause != "" && s.Cause != cause {
			continue
		}
		if h.stops[i]++; h.stops[i] == max(s.Count, 1) {
			by := fmt.Sprintf("%s ×%d", s.Cause, h.stops[i])
			time.AfterFunc(s.After, func() { h.stop(by) })
		}
	}
}

func (h *holding) established(due, sent, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun(due, sent)
	h.n.OK++
	h.alive++
	if h.schedule.Err() == nil {
		h.held.Peak = max(h.held.Peak, h.alive)
	}
	h.timed(h.out.LatencyOK, due, sent, now)
	record(h.out.Connect, now-sent)
}

// begun counts how late an opening began. It is known where connect() is called only.
func (h *holding) begun(due, sent int64) {
	record(h.out.Lateness, sent-due)
	if sent-due > lateAfter {
		h.n.Late++
	}
}

// timed notes an opening that has ended.
func (h *holding) timed(in *hdrhistogram.Histogram, due, sent, now int64) {
	record(in, now-due)
	record(h.interval, now-due)
	record(h.out.Service, now-sent)
}

func (h *holding) over(cause string, fate *int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alive--
	*fate++
	if cause == "" {
		return
	}
	if h.held.BrokenBy == nil {
		h.held.BrokenBy = map[string]int64{}
	}
	h.held.BrokenBy[cause]++
}

// limit notes a limit of the generator's own, under the lock.
func (h *holding) limit(text string) {
	if h.ownLimit == "" {
		h.ownLimit = text
	}
}

// report takes a snapshot at each interval.
func (h *holding) report(done <-chan struct{}) {
	h.shotNs = h.Start
	next := time.NewTimer(time.Duration(h.Start - h.clock.now() + int64(h.Every)))
	defer next.Stop()
	for at := h.Start + int64(h.Every); ; at += int64(h.Every) {
		select {
		case <-done:
			return
		case <-next.C:
			h.snapshot()
			next.Reset(time.Duration(at + int64(h.Every) - h.clock.now()))
		}
	}
}

func (h *holding) snapshot() {
	h.mu.Lock()
	s := Snapshot{MonoNs: h.clock.now(), Counts: h.n, Open: h.alive, InFlight: h.n.Sent - h.n.OK - h.n.Failed}
	s.Interval = time.Duration(s.MonoNs - h.shotNs)
	figures.Sub(&s.Counts, &h.shot)
	for cause, n := range h.causes {
		if more := n - h.shotBy[cause]; more > 0 {
			if s.Causes == nil {
				s.Causes = map[string]int64{}
			}
			s.Causes[cause], h.shotBy[cause] = more, n
		}
	}
	h.shot, h.shotNs = h.n, s.MonoNs
	taken := h.interval
	h.interval, h.spare = h.spare, nil
	h.mu.Unlock()
	s.Latency, s.N = taken, taken.TotalCount()
	if s.N > 0 {
		s.P50, s.P90, s.P99 = quantile(taken, 50), quantile(taken, 90), quantile(taken, 99)
		s.Max = time.Duration(taken.Max())
	}
	if h.OnSnapshot != nil {
		h.OnSnapshot(s)
	}
	taken.Reset()
	h.spare = taken
}

func (h *holding) result(target endpoint, endNs int64, took rusage) *Result {
	h.mu.Lock() // a Stop may be about to end the schedule, which is over
	defer h.mu.Unlock()
	r := h.out
	r.Latency.Merge(r.LatencyOK) // so far it had those that failed
	r.Record = Record{
		Counts:            h.n,
		Unfinished:        h.n.Sent - h.n.OK - h.n.Failed,
		Causes:            h.causes,
		Status:            map[int]int64{},
		OKBeforeFirst:     map[string]int64{},
		Connections:       h.Most,
		ConnectionsOpened: h.n.OK,
		PeakConnections:   h.held.Peak,
		Loops:             1,
		Addresses:         []string{target.String()},
		ConnectWhy:        strings.TrimPrefix(h.why, "dial tcp "),
		OwnLimit:          h.ownLimit,
		OKInTime:          h.inTime.OK,
		EndedInTime:       h.inTime.OK + h.inTime.Failed,
		StartNs:           h.Start,
		EndNs:             endNs,
		DoneNs:            h.clock.now(),
		CPUUser:           took.user,
		CPUSys:            took.sys,
	}
	r.Interrupted = h.endedBy == interrupted
	if !r.Interrupted {
		r.StoppedBy = h.endedBy
	}
	if r.EndNs <= r.StartNs { // ended before it began
		r.StartNs = r.EndNs
	}
	r.FirstOf = map[string]int64{}
	for cause, f := range h.first {
		r.FirstOf[cause], r.OKBeforeFirst[cause] = f.ns, f.okBefore
	}
	r.StartUTC = time.Now().Add(time.Duration(r.StartNs - h.clock.now())).UTC().Round(0)
	r.Held = &h.held
	r.judge()
	return r
}
