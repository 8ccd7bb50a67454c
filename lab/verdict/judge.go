package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// Judge fills in a variant's row. It never fails: what it cannot tell is nil,
// and a crash of its own is the verdict Error beside whatever was filled in.
func Judge(m Measured) (v results.Variant) {
	m.Laws = m.Plan.Laws()
	v = results.Variant{
		Name:        m.Plan.Name,
		Proxy:       m.Plan.Proxy,
		OfferedPerS: m.Plan.RatePerS,
		Predicted:   m.Plan.Predicted,
		Expected:    m.Plan.Expect,
		Latency:     m.Latency,
		LatencyOK:   m.LatencyOK, LatencyFailed: m.LatencyFailed,
		Service:     m.Service,
		Checks:      []results.Check{},
		Comparisons: []results.Comparison{},
	}
	defer func() {
		if p := recover(); p != nil {
			v.Verdict, v.Why, v.AsExpected = law.Error, fmt.Sprint("the judge crashed: ", p), nil
		}
	}()
	if v.Expected == law.Predicted {
		v.Expected = m.Plan.Predicted.Verdict // of before the run, not what a race's outcome makes of it
	}
	m.count(&v)
	v.Verdict, v.Why = m.word(&v)
	v.Why = v.InWords(v.Why)
	if m.Totals != nil && m.Crash == "" && !m.aside {
		v.Checks = m.checks(&v)
		v.Comparisons = m.comparisons(&v)
	}
	v.AsExpected = asExpected(&v)
	if m.missed(&v) || m.open(&v) {
		v.AsExpected = nil
	}
	return v
}

// count fills in the figures that are read off, not judged.
func (m *Measured) count(v *results.Variant) {
	v.Neighbour, v.Bystander = m.neighbour(), m.bystander()
	v.Ports = results.Ports{Usable: m.Usable, PeakUsed: m.peak(results.HostProxy, "")}
	v.TimeWait = results.TimeWait{
		ProxyPeak:   m.peak(results.HostProxy, results.StateTimeWait),
		BackendPeak: m.peak(results.HostBackend, results.StateTimeWait),
		AtEnd:       m.TimeWaitAtEnd,
	}
	v.CPU = results.CPU{Proxy: m.cores(results.HostProxy), Backend: m.cores(results.HostBackend)}
	if m.Proxy != nil {
		v.NginxLog = m.Proxy.Log
		n := m.allOpens()
		v.NewConns = &n
	}
	t := m.Totals
	if t == nil {
		return
	}
	v.Held = t.Held
	v.OptionalCounts, v.Unfinished = figures.Taken(t.Counts), &t.Unfinished
	e := m.attribute()
	v.Errors = &e
	end := t.LoadSeconds()
	v.LoadEndS = &end
	if end > 0 {
		c := t.CPUSeconds / end
		v.CPU.LoadGen = &c
	}
	// An error_page may hide it from clients.
	if e.Error99 > 0 || (m.Laws.OwnConfig || m.Laws.Conduct != nil) && m.logged99() > 0 {
		v.FirstError, v.OKBefore = m.firstError99()
	}
	first := orNever(v.FirstError)
	v.CollapseS = m.collapse(first)
	v.Collapsed = v.CollapseS != nil
	if v.FirstError != nil {
		v.RecoveredS = m.recovered(first)
		if m.Laws.Conduct != nil {
			v.BlackoutS = m.blackout(first)
		}
	}
	v.Connect99 = m.Connect99
	v.CloseShare = m.closeShare()
	m.restate(v)
	v.RhoSteady = m.rho(math.Min(first, orNever(v.CollapseS)))
	if churn := m.figure(v, "connections_per_request"); churn != nil {
		r := math.Max(0, 1-*churn)
		v.ReuseRatio = &r
	}
}

// restate puts the measured f into the prediction where f is an outcome of the
// run and the plan could but assume that nginx closes every connection: for a
// configuration of the user's own, and for a race.
func (m *Measured) restate(v *results.Variant) {
	if f := v.CloseShare; (m.Laws.OwnConfig && !m.Laws.Modelled || m.Laws.Race) && f != nil {
		v.Predicted = v.Predicted.WithShare(*f, m.Laws.InFlight, *v.LoadEndS)
	}
}

func orNever(t *float64) float64 {
	if t == nil {
		return math.Inf(1)
	}
	return *t
}

// attribute corrects the generator's causes by nginx's log. The header on a
// 502 says that the connect failed, not why: of a backend that refuses, or is
// gone, only the log knows. No more is moved than the log accounts for, so
// that the check of one against the other can still fail. With a configuration
// of the user's own there is no header, and the log is all there is, but for kinds whose
// log has no such line.
func (m *Measured) attribute() results.Errors {
	seen := m.Totals.Errors
	if m.Proxy == nil || m.Proxy.Log == nil {
		return seen
	}
	log := *m.Proxy.Log
	if c := m.Laws.Conduct; c == nil && m.Laws.OwnConfig || c != nil && c.Lines > 0 {
		lines := int64(1)
		if c != nil {
			lines = int64(c.Lines)
		}
		e := results.Errors{Error99: min((log.Error99+lines-1)/lines, m.Totals.Failed)}
		e.NoLiveUpstreams = min(log.NoLiveUpstreams, m.Totals.Failed-e.Error99)
		e.Other = m.Totals.Failed - e.Error99 - e.NoLiveUpstreams
		return e
	}
	if moved := min(seen.Error99-log.Error99, log.Other); moved > 0 {
		seen.Error99 -= moved
		seen.Other += moved
	}
	return seen
}

// word finds the verdict and its reason.
func (m *Measured) word(v *results.Variant) (verdict, why string) {
	if m.Crash != "" {
		return law.Error, m.Crash
	}
	distrust := m.distrust(v)
	if distrust == "" || m.finished() {
		if why := m.unreached(v); why != "" {
			m.aside = true
			return law.Invalid, why
		}
	}
	if distrust != "" {
		return law.Invalid, distrust
	}
	if v.FirstError != nil {
		if why := m.withoutPorts(v); why != "" {
			m.aside = true
			return law.NotReproduced, why
		}
		return m.failing(v)
	}
	return m.holding(v)
}

// failing words a variant in which error 99 came.
func (m *Measured) failing(v *results.Variant) (verdict, why string) {
	why = fmt.Sprintf("error 99 came after %.2f s and failed %s of %s requests", *v.FirstError,
		format.Grouped(v.Errors.Error99), format.Grouped(*v.Sent))
	if more := *v.Failed - v.Errors.Error99; more > 0 {
		why = fmt.Sprintf("error 99 came after %.2f s; %s of %s requests failed: %s by error 99, "+
			"%s %s and %s otherwise",
			*v.FirstError, format.Grouped(*v.Failed), format.Grouped(*v.Sent), format.Grouped(v.Errors.Error99),
			format.Grouped(v.Errors.NoLiveUpstreams), v.FailedUntried(), format.Grouped(v.Errors.Other))
	}
	if v.Errors.Error99 == 0 {
		why = fmt.Sprintf("error 99 came after %.2f s by %s's error log, %d times, and clients saw none of it: %s",
			*v.FirstError, v.ProxyName(), m.logged99(),
			cmp.Or(m.Plan.Hidden, "an error_page, a cache or another peer answered them"))
	}
	if f := v.CloseShare; !m.Laws.Exact() && !m.Laws.Held() && f != nil && v.Predicted.FirstError99S != nil {
		why += fmt.Sprintf("; %s closed %.0f %% of its connections first (f = %.2f), with which the law gives %s",
			v.ProxyName(), 100**f, *f,
			law.FirstError99.WriteSpan(v.Predicted.FirstError99S, v.Predicted.FirstError99LatestS))
	}
	if v.Collapsed {
		why = fmt.Sprintf("the rate collapsed after %.2f s, at half the range; ", *v.CollapseS) + why
	}
	// Where chance has a part a later moment is no better. So it is within an interval:
	// whether all of that is later the law says.
	p := m.Plan.Predicted
	leftOpen := (p.FirstError99LatestS != nil || p.OrNever) && p.Verdict != law.Postponed
	if m.Baseline != nil && !leftOpen && !m.Laws.Chance() && *v.FirstError > *m.Baseline+m.asSoon(v) {
		return law.Postponed, fmt.Sprintf("%s: %.1f times as late as the baseline's %.2f s, but it came", why,
			*v.FirstError / *m.Baseline, *m.Baseline)
	}
	return law.Reproduced, why
}

// asSoon is how much later than the baseline's a moment may be and still be the same.
func (m *Measured) asSoon(v *results.Variant) float64 {
	within := law.Apart(*m.Baseline, *v.FirstError, m.Laws.Burst) + m.lateAt(v.FirstError)
	if v.Errors.Error99 == 0 { // clients saw nothing, and the moment is the log's
		within = max(within, logEvery)
	}
	return within + m.Laws.ClockBound.Seconds()
}

// holding words a variant in which it did not.
func (m *Measured) holding(v *results.Variant) (verdict, why string) {
	bad := v.Lost()
	p := m.Plan.Predicted
	switch {
	case v.Collapsed:
		return law.Collapsed, fmt.Sprintf("the rate collapsed after %.2f s, when half the range was used "+
			"and connect() had to walk it; the ports lasted to the end", *v.CollapseS)
	case bad == 0 && p.CollapseS != nil && *p.CollapseS > *v.LoadEndS:
		return law.Inconclusive, fmt.Sprintf("no request failed in %.1f s, "+
			"but after %.1f s half the range is used and the rate collapses: run it longer", *v.LoadEndS, *p.CollapseS)
	case bad > 0:
		return law.NotReproduced, fmt.Sprintf("no error 99, but %s requests failed otherwise, "+
			"%s were dropped and %s unfinished: %s",
			format.Grouped(*v.Failed), format.Grouped(*v.Dropped), format.Grouped(*v.Unfinished), m.otherwise(v))
	case m.Laws.Growing(*v.LoadEndS) && m.Laws.Occupied() > RhoLimit &&
		(p.FirstError99S == nil || p.Latest99() > *v.LoadEndS):
		return law.Inconclusive, fmt.Sprintf("no request failed in %.1f s, but a connection lasts %s, "+
			"so that ever more were open to the end: in the long run %.0f %% of the tuples are taken. Run it longer",
			*v.LoadEndS, format.About(m.Laws.LastsS()), 100*m.Laws.Occupied())
	case v.RhoSteady == nil:
		return law.Inconclusive, "no request failed, but new connections were not counted, " +
			"so a slow leak cannot be ruled out"
	case *v.RhoSteady+m.underWay() > RhoLimit && *v.RhoSteady <= RhoLimit:
		return law.Inconclusive, fmt.Sprintf("no request failed, but with a load factor of %.2f "+
			"and %.0f %% of the tuples held by open connections there is no room for a busier minute",
			*v.RhoSteady, 100*m.underWay())
	case *v.RhoSteady <= RhoLimit || m.masked():
		return law.Mitigated, m.held(v)
	case m.Laws.Exact() && p.FirstError99S != nil && !p.OrNever &&
		p.Latest99()+law.Tolerance(p.Latest99()) < *v.LoadEndS && *v.RhoSteady > 1:
		return law.NotReproduced, fmt.Sprintf("error 99 was due after %s and did not come in %.2f s",
			law.FirstError99.WriteSpan(p.FirstError99S, p.FirstError99LatestS), *v.LoadEndS)
	case *v.RhoSteady <= 1:
		return law.Inconclusive, fmt.Sprintf("no request failed, but the load factor is %.2f: "+
			"above %g there is no room for a busier minute", *v.RhoSteady, RhoLimit)
	}
	due := p.HoldS / *v.RhoSteady
	return law.Inconclusive, fmt.Sprintf("no request failed in %.1f s, "+
		"but with a load factor of %.2f the ports are used up after %.1f s: run it longer",
		*v.LoadEndS, *v.RhoSteady, due)
}

// asExpected compares the verdict, and then every check: one that failed is a
// no, and one that could not be told leaves the row untold.
func asExpected(v *results.Variant) *bool {
	var yes, no = true, false
	if !law.Decides(v.Verdict) {
		return nil // even where the law foresaw it: nothing was decided
	}
	if v.Verdict != v.Expected {
		return &no
	}
	answer := &yes
	for _, c := range v.Checks {
		switch {
		case c.OK == nil:
			answer = nil
		case !*c.OK:
			return &no
		}
	}
	return answer
}

// missed says whether error 99 came at another time than the law gives, for a
// configuration whose route the laws could not be told of: no check holds that,
// and the right word at the wrong time is no proof.
func (m *Measured) missed(v *results.Variant) bool {
	first, law99 := v.FirstError, v.Predicted.FirstError99S
	if !m.Laws.OwnConfig || m.Laws.Modelled || m.Laws.Unreached || first == nil || law99 == nil {
		return false
	}
	off := law.Compared{Predicted: law99, Most: v.Predicted.FirstError99LatestS, Measured: first}.Off()
	return math.Abs(*off) > law.Tolerance(v.Predicted.Latest99())+logEvery+m.Laws.ClockBound.Seconds()
}

// open says whether the law leaves it open how the variant ends, and nothing else is
// wrong with it.
func (m *Measured) open(v *results.Variant) bool {
	failed := slices.ContainsFunc(v.Checks, func(c results.Check) bool { return c.OK != nil && !*c.OK })
	return m.Plan.Expect == law.Predicted && m.Plan.Predicted.OrNever && law.Decides(v.Verdict) && !failed
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

// held says what a variant without a failure has shown, and no more: that so many
// requests got through, and that ports are not what will end it.
func (m *Measured) held(v *results.Variant) string {
	text := fmt.Sprintf("none of %s requests failed, and at a load factor of %.2f the ports do not run out",
		format.Grouped(*v.Sent), *v.RhoSteady)
	if !m.Laws.Poisson {
		return text
	}
	share := law.ErlangB(m.Plan.Predicted.Tuples, m.Plan.Predicted.Rho*float64(m.Plan.Predicted.Tuples)+m.Laws.InFlight)
	if perDay := share * m.Plan.RatePerS * 86400; perDay >= 1 {
		return text + fmt.Sprintf(" on average; of random arrivals Erlang's B formula loses about %.0f a day "+
			"all the same", perDay)
	}
	return text + ", nor, by Erlang's B formula, for random arrivals within a day"
}
