package verdict

import (
	"fmt"
	"math"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"k8s.io/utils/ptr"
)

// run is the variant as the laws are asked of it.
func (m *Measured) run(v *results.Variant) law.Run {
	return law.Run{
		Setup: m.Laws, Predicted: m.Plan.Predicted, Restated: v.Predicted, EndS: *v.LoadEndS,
		LateS:    m.lateAt(v.FirstError),
		Measured: func(figure string) *float64 { return m.figure(v, figure) },
	}
}

// moved says which way a measurement lies from the law.
func moved(l *law.Law, c *law.Compared) law.Direction {
	later := c.Measured == nil || c.Predicted != nil && *c.Measured > *c.Nearest()
	switch {
	case l.More == law.Either:
		return law.Either
	case later == (l.More == law.LessSevere):
		return law.LessSevere
	}
	return law.MoreSevere
}

// compare sets what a law predicted beside what was measured. What lies beyond the
// tolerance names the assumption that broke.
func (e evidence) compare(l *law.Law, q *law.Compared) results.Comparison {
	c := results.Comparison{
		ID:            l.ID,
		Quantity:      l.Name,
		Unit:          l.Unit,
		Predicted:     q.Predicted,
		PredictedMost: q.Most,
		Measured:      q.Measured,
		Tolerance:     q.Tolerance,
	}
	c.OK = q.Off() != nil && math.Abs(*q.Off()) <= q.Tolerance
	c.Text = fmt.Sprintf("predicted %s, measured %s", l.WriteSpan(q.Predicted, q.Most), l.Write(q.Measured))
	if near := q.Nearest(); near != nil && *near != 0 {
		off := *q.Measured / *near - 1
		c.RelativeError = &off
		if q.Most == nil || off != 0 {
			c.Text += fmt.Sprintf(", %+.1f %%", 100*off)
		}
	}
	if c.OK {
		return c
	}
	assumption, because := e.broke(moved(l, q))
	c.Broken = &assumption
	c.Text += fmt.Sprintf("; %s: %s", assumption, because)
	if assumption == FBelowOne && q.Predicted != nil && l.More == law.LessSevere && l.Unit != "tuples" {
		restated := *q.Predicted / e.CloseShare
		c.Text += ". With that f the law gives " + l.Write(&restated)
	}
	return c
}

// comparisons sets all that was predicted beside what was measured. A crash
// here leaves the row as it is.
func (m *Measured) comparisons(v *results.Variant) (list []results.Comparison) {
	list = []results.Comparison{}
	if v.LoadEndS == nil || v.OK == nil || v.Errors == nil {
		return list
	}
	defer func() {
		if recover() != nil {
			list = []results.Comparison{}
		}
	}()
	e, run := m.evidence(v), m.run(v)
	for _, l := range law.Laws {
		if c := l.Compare(run); c != nil && (c.Predicted != nil || c.Measured != nil) {
			list = append(list, e.compare(l, c))
		}
	}
	return list
}

// evidence gathers what tells the assumptions apart.
func (m *Measured) evidence(v *results.Variant) evidence {
	late, sent := m.lateBefore(orNever(v.FirstError))
	e := evidence{
		Other:        v.Errors.Other,
		LateShare:    late / max(sent, 1),
		ConntrackMax: m.ConntrackMax,
		NoLive:       v.Errors.NoLiveUpstreams,
		CloseShare:   ptr.Deref(v.CloseShare, 0),
		ReuseRatio:   ptr.Deref(v.ReuseRatio, 0),
		CollapseS:    ptr.Deref(v.CollapseS, 0),
		Predicted:    m.Plan.Predicted,
		Proxy:        v.ProxyName(),
		Pool:         m.Laws.Keepalive > 0,
	}
	if planned := v.OfferedPerS * *v.LoadEndS; planned > 0 {
		e.Undersent = 1 - float64(*v.Scheduled)/planned
	}
	if m.Proxy != nil {
		e.ConntrackLost = conntrackLost(m.Proxy.Counters)
		counted := m.Proxy.Counters
		e.NewConns = counted["active_opens"]
		e.TwOverflow, e.TwRecycled = counted["time_wait_overflow"], counted["time_wait_recycled"]
	}
	if v.FirstError != nil && v.Ports.PeakUsed != nil {
		e.PeakUsed = *v.Ports.PeakUsed
	}
	if v.Service != nil {
		e.InFlight = v.OfferedPerS * v.Service.P50 / 1e3
	}
	return e
}
