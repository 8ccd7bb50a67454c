package verdict

import (
	"fmt"
	"math"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// Judge fills in a variant's row. It never fails: what it cannot tell is nil.
func Judge(m Measured) results.Variant {
	v := results.Variant{
		Name:        m.Plan.Name,
		OfferedPerS: m.Plan.RatePerS,
		Predicted:   m.Plan.Predicted,
		Expected:    m.Plan.Expect,
		Latency:     m.Latency,
		Service:     m.Service,
		Neighbour:   m.neighbour(),
		Ports:       results.Ports{Usable: m.Usable, PeakUsed: m.peak(results.HostProxy, "")},
		TimeWait: results.TimeWait{
			ProxyPeak:   m.peak(results.HostProxy, "time-wait"),
			BackendPeak: m.peak(results.HostBackend, "time-wait"),
		},
		Checks: []results.Check{},
	}
	if v.Expected == "predicted" {
		v.Expected = m.Plan.Predicted.Verdict
	}
	m.count(&v)
	v.Verdict, v.Why = m.word(&v)
	if m.Totals != nil && m.Crash == "" {
		v.Checks = m.checks(&v)
	}
	v.AsExpected = asExpected(&v)
	return v
}

// count fills in the figures that are read off, not judged.
func (m *Measured) count(v *results.Variant) {
	v.CPU = results.CPU{Proxy: m.cores(results.HostProxy), Backend: m.cores(results.HostBackend)}
	if m.Proxy != nil {
		v.NginxLog = m.Proxy.Log
		n := m.Proxy.Counters["active_opens"]
		v.NewConns = &n
	}
	t := m.Totals
	if t == nil {
		return
	}
	v.Scheduled, v.Sent, v.Late, v.Queued, v.Dropped, v.Unfinished = &t.Scheduled, &t.Sent, &t.Late, &t.Queued, &t.Dropped, &t.Unfinished
	v.OK, v.Failed = &t.OK, &t.Failed
	e := attribute(t.Errors, v.NginxLog)
	v.Errors = &e
	end := t.LoadSeconds()
	v.LoadEndS = &end
	if end > 0 {
		c := t.CPUSeconds / end
		v.CPU.LoadGen = &c
	}
	fault := math.Inf(1)
	if e.Error99 > 0 && t.FirstError != nil {
		fault = float64(*t.FirstError-t.StartNs) / 1e9
		v.FirstError, v.OKBefore = &fault, t.OKBefore
	}
	if reached := t.Sent - e.Error99 - e.NoLiveUpstreams; v.NewConns != nil && reached > 0 {
		r := math.Max(0, 1-float64(*v.NewConns)/float64(reached))
		v.ReuseRatio = &r
	}
	v.CloseShare = m.closeShare()
	v.RhoSteady = m.rho(fault)
	v.CollapseS = m.collapse(fault)
	v.Collapsed = v.CollapseS != nil
	if !math.IsInf(fault, 1) {
		v.RecoveredS = m.recovered(fault)
	}
}

// attribute corrects the generator's word by nginx's. The header on a 502
// says that the connect failed, not why: of a backend that refuses, or is
// gone, only the error log knows.
func attribute(seen results.Errors, log *results.Errors) results.Errors {
	if log == nil || log.Other == 0 || log.Error99 >= seen.Error99 {
		return seen
	}
	seen.Other += seen.Error99 - log.Error99
	seen.Error99 = log.Error99
	return seen
}

// word finds the verdict and its reason.
func (m *Measured) word(v *results.Variant) (verdict, why string) {
	switch {
	case m.Crash != "":
		return Error, m.Crash
	case len(m.Faults) > 0:
		return Invalid, strings.Join(m.Faults, "; ")
	case m.Totals == nil:
		return Invalid, "the load did not finish"
	case m.Totals.OwnLimit != "":
		return Invalid, "the load generator hit its own limit: " + m.Totals.OwnLimit
	case m.Totals.Sent == 0:
		return Invalid, "the load generator sent nothing"
	}
	fault := math.Inf(1)
	if v.FirstError != nil {
		fault = *v.FirstError
	}
	if v.CollapseS != nil {
		fault = math.Min(fault, *v.CollapseS)
	}
	if late := m.lateBefore(fault); late > LateLimit {
		return Invalid, fmt.Sprintf("the load generator sent %.1f %% of its requests more than 10 ms late (limit %g %%): the machine was too busy for it", 100*late, 100*LateLimit)
	}
	if v.FirstError != nil {
		return m.failing(v)
	}
	return m.holding(v)
}

// failing words a variant in which error 99 came.
func (m *Measured) failing(v *results.Variant) (verdict, why string) {
	why = fmt.Sprintf("error 99 came after %.2f s and failed %d of %d requests", *v.FirstError, v.Errors.Error99, *v.Sent)
	if v.Collapsed {
		why = fmt.Sprintf("the rate collapsed after %.2f s, at half the range; ", *v.CollapseS) + why
	}
	if m.Baseline != nil && *v.FirstError > *m.Baseline+law.Tolerance(*m.Baseline) {
		return Postponed, fmt.Sprintf("%s: %.1f times as late as the baseline's %.2f s, but it came", why, *v.FirstError / *m.Baseline, *m.Baseline)
	}
	return Reproduced, why
}

// holding words a variant in which it did not.
func (m *Measured) holding(v *results.Variant) (verdict, why string) {
	bad := *v.Failed + *v.Dropped + *v.Unfinished
	p := m.Plan.Predicted
	switch {
	case v.Collapsed:
		return Collapsed, fmt.Sprintf("the rate collapsed after %.2f s, when half the range was used and connect() had to walk it; the ports lasted to the end", *v.CollapseS)
	case bad > 0:
		return NotReproduced, fmt.Sprintf("no error 99, but %d requests failed otherwise, %d were dropped and %d unfinished: look at the error log", *v.Failed, *v.Dropped, *v.Unfinished)
	case v.RhoSteady == nil:
		return Inconclusive, "no request failed, but new connections were not counted, so a slow leak cannot be ruled out"
	case *v.RhoSteady <= RhoLimit:
		return Mitigated, fmt.Sprintf("no request failed, and with a load factor of %.2f none would later", *v.RhoSteady)
	case p.FirstError99S != nil && *p.FirstError99S+law.Tolerance(*p.FirstError99S) < *v.LoadEndS && *v.RhoSteady > 1:
		return NotReproduced, fmt.Sprintf("error 99 was due after %.2f s and did not come in %.2f s", *p.FirstError99S, *v.LoadEndS)
	case *v.RhoSteady <= 1:
		return Inconclusive, fmt.Sprintf("no request failed, but the load factor is %.2f: above %g there is no room for a busier minute", *v.RhoSteady, RhoLimit)
	}
	due := p.HoldS / *v.RhoSteady
	return Inconclusive, fmt.Sprintf("no request failed in %.1f s, but with a load factor of %.2f the ports are used up after %.1f s: run it longer", *v.LoadEndS, *v.RhoSteady, due)
}

// asExpected compares the verdict, and then every check.
func asExpected(v *results.Variant) *bool {
	var yes, no = true, false
	switch v.Verdict {
	case Invalid, Error, Inconclusive:
		return nil // even where the law foresaw it: nothing was decided
	}
	if v.Verdict != v.Expected {
		return &no
	}
	for _, c := range v.Checks {
		if c.OK != nil && !*c.OK {
			return &no
		}
	}
	return &yes
}

// AllAsExpected sums up a run: false if any variant is, else nil if any cannot
// be told or none was judged, else true.
func AllAsExpected(rows []results.Variant) *bool {
	all := len(rows) > 0
	known := all
	for _, v := range rows {
		switch {
		case v.AsExpected == nil:
			known = false
		case !*v.AsExpected:
			all = false
		}
	}
	if all && !known || len(rows) == 0 {
		return nil
	}
	return &all
}
