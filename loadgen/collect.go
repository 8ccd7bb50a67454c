package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/loadgen/figures"
)

// collector merges what the loops hand over each interval.
type collector struct {
	run     *run
	last    []shard // per loop: its latest totals
	sum     Counts  // over all loops, as of the previous snapshot
	causes  [maxCauses]int64
	at      int64 // end of the previous interval
	latency [2]*hdrhistogram.Histogram
	scratch *hdrhistogram.Histogram // of one interval
}

func newCollector(r *run) *collector {
	return &collector{
		run: r, last: make([]shard, len(r.loops)),
		latency: [2]*hdrhistogram.Histogram{newHistogram(), newHistogram()},
		scratch: newHistogram(),
	}
}

// collect takes one shard of each loop per round, until all loops have ended.
func (c *collector) collect() {
	var round []*shard
	for {
		round = round[:0]
		for i, l := range c.run.loops {
			if s, ok := <-l.out; ok {
				round = append(round, s)
				c.last[i] = *s
			}
		}
		if len(round) == 0 {
			return
		}
		c.emit(round)
		for _, s := range round {
			for k, h := range s.latency {
				if h.TotalCount() > 0 {
					c.latency[k].Merge(h)
					h.Reset()
				}
			}
			c.run.loops[s.loop].spare <- s
		}
	}
}

// interval is the latency of one round. Mostly one histogram holds it all;
// only several are added up.
func (c *collector) interval(round []*shard) *hdrhistogram.Histogram {
	var full []*hdrhistogram.Histogram
	for _, s := range round {
		for _, h := range s.latency {
			if h.TotalCount() > 0 {
				full = append(full, h)
			}
		}
	}
	if len(full) == 1 {
		return full[0]
	}
	if c.scratch.TotalCount() > 0 {
		c.scratch.Reset()
	}
	for _, h := range full {
		c.scratch.Merge(h)
	}
	return c.scratch
}

// emit makes a snapshot of what the round brought.
func (c *collector) emit(round []*shard) {
	var (
		snap   Snapshot
		sum    Counts
		causes [maxCauses]int64
	)
	for i := range c.last {
		s := &c.last[i]
		figures.Add(&sum, &s.n)
		for id, n := range s.causes {
			causes[id] += n
		}
		snap.Waiting += s.waiting
		snap.Open += s.open
		snap.MonoNs = max(snap.MonoNs, s.monoNs)
	}
	snap.InFlight = sum.Sent - sum.OK - sum.Failed
	if c.at == 0 {
		c.at = c.run.start.Load()
	}
	if f := c.run.plan.OnSnapshot; f != nil {
		snap.Interval = time.Duration(snap.MonoNs - c.at)
		snap.Counts = sum
		figures.Sub(&snap.Counts, &c.sum)
		if snap.Failed > 0 {
			delta := causes
			for id := range delta {
				delta[id] -= c.causes[id]
			}
			snap.Causes = c.run.causes.causes(&delta)
		}
		h := c.interval(round)
		snap.Latency, snap.N = h, h.TotalCount()
		if snap.N > 0 {
			q := h.ValueAtPercentilesSlice([]float64{50, 90, 99})
			snap.P50, snap.P90, snap.P99 = time.Duration(q[0]), time.Duration(q[1]), time.Duration(q[2])
			snap.Max = time.Duration(h.Max())
		}
		f(snap)
	}
	for i := range c.run.stops {
		s := &c.run.stops[i]
		hits := sum.Failed
		if s.id != causeNone {
			hits = causes[s.id]
		}
		s.watch(c.run, tally{snap.MonoNs, sum.OK + sum.Failed, hits})
	}
	c.at, c.sum, c.causes = snap.MonoNs, sum, causes
}

// result makes the Result, after all loops have ended.
func (r *run) result(c *collector) *Result {
	p := r.plan
	res := &Result{
		Record: Record{
			Counts:        c.sum,
			Causes:        r.causes.causes(&c.causes),
			Status:        make(map[int]int64),
			OKBeforeFirst: make(map[string]int64),
			StartNs:       r.start.Load(),
			Mode:          p.Mode,
			Engine:        r.engine.name,
			Connections:   p.Connections,
			Loops:         p.Loops,
			OwnLimit:      r.ownLimit,
			BadSample:     r.badSample,
			BadWhy:        r.badWhy,
			ConnectWhy:    r.noConnect,
			LeftOut:       p.leftOut,
		},
		LatencyOK: c.latency[0], Latency: c.latency[1], // that of the failed, to which the rest is added
		Service: r.loops[0].service, Lateness: r.loops[0].lateness, Connect: r.loops[0].connects,
		FirstOf: make(map[string]int64),
	}
	res.Unfinished = res.Sent - res.OK - res.Failed
	res.Latency.Merge(res.LatencyOK)
	for _, e := range p.targets {
		res.Addresses = append(res.Addresses, e.String())
	}
	var all closings
	for i, l := range r.loops {
		if i > 0 {
			res.Service.Merge(l.service)
			res.Lateness.Merge(l.lateness)
			res.Connect.Merge(l.connects)
		}
		for status, n := range l.status {
			if n > 0 {
				res.Status[status] += n
			}
		}
		res.DoneNs = max(res.DoneNs, l.doneNs)
		res.OKInTime += l.okInTime
		res.EndedInTime += l.endedInTime
		res.ConnectionsOpened += l.opened
		res.PeakConnections += l.peak
		res.ClosedIdle += l.closedIdle
		res.Unasked += l.unasked
		res.ReuseEnded += l.reuseEnded
		res.Retried += l.retried
		all.add(l.closings)
		res.Interim += l.interim
		res.BytesReceived += l.bytesIn
		res.BytesSent += l.bytesOut
		res.CPUUser += Time(l.cpuUser)
		res.CPUSys += Time(l.cpuSys)
	}
	res.ClosesAfter = all.always(res.ConnectionsOpened)
	for id, f := range r.first {
		name := r.causes.name(id)
		res.FirstOf[name], res.OKBeforeFirst[name] = f.ns, f.okBefore
	}
	res.EndNs = res.DoneNs
	if p.Duration > 0 {
		res.EndNs = res.StartNs + int64(p.Duration)
	}
	r.mu.Lock() // the watch on the context may still be at work
	defer r.mu.Unlock()
	if p.Mode == Closed && p.Requests > 0 && res.Scheduled == p.Requests {
		res.EndNs = res.DoneNs
	}
	limit := r.limit.Load()
	if limit < res.EndNs || res.DoneNs == 0 {
		res.EndNs = limit
		res.Interrupted = r.endedBy == interrupted
		if !res.Interrupted {
			res.StoppedBy = r.endedBy
		}
	}
	if res.DoneNs == 0 { // ended before it began
		res.StartNs, res.EndNs, res.DoneNs = limit, limit, limit
	}
	res.StartUTC = time.Now().Add(time.Duration(res.StartNs - r.clock.now())).UTC().Round(0)
	res.judge()
	return res
}
