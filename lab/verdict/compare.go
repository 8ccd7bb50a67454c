package verdict

import (
	"fmt"
	"math"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// quantity is something the laws foretell and a run measures.
type quantity struct {
	name, unit          string
	predicted, measured *float64  // nil: it was not to come, it did not come
	tolerance           float64   // in the unit
	more                direction // what it means if there is more of it, or it comes later
}

// quantities are those of a judged variant. What has no measured twin in this
// run, such as a recovery where the load ended before it, is left out. From a
// predicted collapse on the laws only estimate, and after the profile has changed
// the rate they say nothing more of when and how many.
func quantities(m *Measured, v *results.Variant) []quantity {
	p, end := m.Plan.Predicted, *v.LoadEndS
	if m.Plan.Race {
		p = v.Predicted // with the measured f: that it is below 1 is no surprise
	}
	even := m.Plan.SteadyS >= end || m.Plan.Profile == "" // a run of before this was noted has no profile either
	estimated := p.Rough() || m.Plan.Random || !even && (p.FirstError99S == nil || *p.FirstError99S > m.Plan.SteadyS)
	early := law.EarlyBySplit(m.Plan.Sources, m.Plan.PerDestination()) // of random sources one is full before the others
	due := func(at *float64) *float64 {
		if at == nil || *at+law.Tolerance(*at) > end {
			return nil
		}
		return at
	}
	first := due(p.FirstError99S)
	if v.FirstError != nil {
		first = p.FirstError99S
	}
	var all []quantity
	add := func(when bool, q quantity) {
		if when && (q.predicted != nil || q.measured != nil) {
			all = append(all, q)
		}
	}
	atMost := m.Plan.Keepalive > 0 && m.Plan.DelayS == 0 // of a pool the law says only what it churns at the most
	add(!estimated && !(atMost && v.FirstError != nil), quantity{"first error 99", "s", first, v.FirstError, max(law.Tolerance(or0(first)), early*or0(first), law.BurstTolerance(m.burst())), lessSevere})
	if ok := p.OKBeforeError99; ok != nil && v.OKBefore != nil && m.Plan.BurstS == 0 { // within a burst the law does not count
		add(!estimated, quantity{"ok before it", "requests", num(int64(*ok)), okBeforeIt(v), max(2, max(0.02, early)*float64(*ok)), lessSevere})
	}
	collapse := due(p.CollapseS)
	add(even, quantity{"collapse at half the range", "s", collapse, v.CollapseS, 0.05 * or0(collapse), either})
	if used := v.Ports.PeakUsed; used != nil && v.FirstError != nil && first != nil {
		k := float64(p.Tuples)
		under := m.Plan.RatePerS * m.Plan.BurstS // of a burst some come and go between two samples
		add(true, quantity{"tuples in use at the most", "tuples", &k, num(*used), max(0.01*k, under), lessSevere})
	}
	add(m.Plan.Keepalive == 0 && !estimated && v.RhoSteady != nil, quantity{"load factor ρ", "", &p.Rho, v.RhoSteady, 0.1 * p.Rho, moreSevere})
	if (end > p.HoldS || p.FirstError99S == nil) && p.SteadyOKPerS != nil {
		ok := p.OKIn(v.OfferedPerS, end)
		add(!estimated && even, quantity{"ok in all", "requests", &ok, num(*v.OK), max(2, 0.06*ok, m.Plan.RatePerS*m.Plan.BurstS), lessSevere})
	}
	// After what a request takes and what its tuple is held; a pause shorter than
	// two seconds shows as none.
	back := m.Plan.DelayS + p.HoldS
	turns := p.HoldS == law.TimeWait.Seconds() && end > m.Plan.DelayS+law.TimeWaitMax.Seconds()+1 && first != nil && back-*first > 2
	add(turns && !estimated, quantity{"recovery", "s", &back, v.RecoveredS, 1.2, moreSevere})
	if share := m.share(); share != nil {
		add(true, quantity{"lost of random arrivals", results.UnitShare, &share.want, &share.got, share.within, moreSevere})
	}
	if dropped, counted := m.overflow(end); dropped > 0 {
		add(!estimated, quantity{"TIME_WAITs dropped (TCPTimeWaitOverflow)", "sockets", &dropped, counted, max(2, 0.02*dropped), moreSevere})
	}
	if v.NginxLog != nil && m.Plan.Retries && v.FirstError != nil {
		lines, _ := m.ejection().Lines(int(*v.Failed), time.Duration((end-*v.FirstError)*float64(time.Second)))
		add(true, quantity{"lines of error 99 in nginx's log", "lines", num(int64(lines)), num(v.NginxLog.Error99), 0, moreSevere})
	}
	if n := v.Errors.NoLiveUpstreams; n > 0 && !m.Plan.Retries { // with retries they are what the scenario is about
		add(true, quantity{`"no live upstreams"`, "requests", new(float64), num(n), 0, moreSevere})
	}
	return all
}

// overflow is how many TIME_WAITs the law has the kernel drop for a
// tcp_max_tw_buckets that the scenario sets, and how many it counted.
func (m *Measured) overflow(end float64) (predicted float64, counted *float64) {
	most := int(m.buckets())
	if most == 0 || m.Proxy == nil || m.Plan.Keepalive > 0 || m.Plan.Race {
		return 0, nil
	}
	s := law.Setup{Ports: m.Plan.Predicted.Tuples, RatePerS: m.Plan.RatePerS, CloseShare: 1, MaxTwBuckets: most}
	if !s.Masked() {
		return 0, nil
	}
	return s.TwOverflow(end), m.counted("tw_overflow")
}

// ejection is how nginx treats peers that fail.
func (m *Measured) ejection() law.Ejection {
	return law.Ejection{
		Peers: m.Plan.Peers, MaxFails: m.Plan.MaxFails, NoRetry: m.Plan.OneTry,
		FailTimeout: time.Duration(m.Plan.FailS * float64(time.Second)),
	}
}

// okBeforeIt is the figure the judge compared, where it did: in a short run all
// successes, free of the race between the first error and the last replies.
func okBeforeIt(v *results.Variant) *float64 {
	for _, c := range v.Checks {
		if c.Name == "ok before it" && c.Measured != nil {
			return c.Measured
		}
	}
	return num(*v.OKBefore)
}

// moved says which way a measurement lies from the law.
func (q quantity) moved() direction {
	later := q.measured == nil || q.predicted != nil && *q.measured > *q.predicted
	switch {
	case q.more == either:
		return either
	case later == (q.more == lessSevere):
		return lessSevere
	}
	return moreSevere
}

// compare holds a quantity against the law. What lies beyond the tolerance
// names the assumption that broke.
func (q quantity) compare(e evidence) results.Comparison {
	c := results.Comparison{Quantity: q.name, Unit: q.unit, Predicted: q.predicted, Measured: q.measured, Tolerance: q.tolerance}
	c.OK = q.predicted != nil && q.measured != nil && math.Abs(*q.measured-*q.predicted) <= q.tolerance
	c.Text = fmt.Sprintf("predicted %s, measured %s", q.show(q.predicted), q.show(q.measured))
	if q.predicted != nil && q.measured != nil && *q.predicted != 0 {
		off := *q.measured / *q.predicted - 1
		c.RelativeError = &off
		c.Text += fmt.Sprintf(", %+.1f %%", 100*off)
	}
	if c.OK {
		return c
	}
	assumption, because := e.broke(q.moved())
	c.Broken = &assumption
	c.Text += fmt.Sprintf("; %s: %s", assumption, because)
	if assumption == FBelowOne && q.predicted != nil && q.more == lessSevere && q.unit != "tuples" {
		restated := *q.predicted / e.CloseShare
		c.Text += ". With that f the law gives " + q.show(&restated)
	}
	return c
}

func (q quantity) show(x *float64) string {
	switch {
	case x == nil:
		return "none"
	case q.unit == "s":
		return fmt.Sprintf("%.2f s", *x)
	case q.unit == "":
		return fmt.Sprintf("%.3g", *x)
	case q.unit == results.UnitShare:
		return fmt.Sprintf("%.2f %%", 100**x)
	}
	return fmt.Sprintf("%.0f", *x)
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
	e := m.evidence(v)
	for _, q := range quantities(m, v) {
		list = append(list, q.compare(e))
	}
	return list
}

// evidence gathers what tells the assumptions apart.
func (m *Measured) evidence(v *results.Variant) evidence {
	late, sent := m.lateBefore(orNever(v.FirstError))
	e := evidence{
		Other: v.Errors.Other, LateShare: late / max(sent, 1), ConntrackMax: m.ConntrackMax, NoLive: v.Errors.NoLiveUpstreams,
		CloseShare: or0(v.CloseShare), ReuseRatio: or0(v.ReuseRatio), CollapseS: or0(v.CollapseS),
		Predicted: m.Plan.Predicted, Pool: m.Plan.Keepalive > 0,
	}
	if planned := v.OfferedPerS * *v.LoadEndS; planned > 0 {
		e.Undersent = 1 - float64(*v.Scheduled)/planned
	}
	if m.Proxy != nil {
		e.ConntrackLost = conntrackLost(m.Proxy.Counters)
		e.NewConns, e.TwOverflow, e.TwRecycled = m.Proxy.Counters["active_opens"], m.Proxy.Counters["time_wait_overflow"], m.Proxy.Counters["time_wait_recycled"]
	}
	if v.FirstError != nil && v.Ports.PeakUsed != nil {
		e.PeakUsed = *v.Ports.PeakUsed
	}
	if v.Service != nil {
		e.InFlight = v.OfferedPerS * v.Service.P50 / 1e3
	}
	return e
}

func or0(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}
