package verdict

import (
	"fmt"
	"math"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// check looks at one law. It returns an empty Name where the law does not
// apply.
type check func(m *Measured, v *results.Variant) results.Check

var allChecks = []check{accounts, logAgrees, firstError, okBefore, okBeforeRace, lost, collapseMoment}

// checks runs them all; one that crashes cannot tell.
func (m *Measured) checks(v *results.Variant) []results.Check {
	list := []results.Check{}
	for _, c := range allChecks {
		if r := guarded(c, m, v); r.Name != "" {
			list = append(list, r)
		}
	}
	return append(list, m.claims(v)...)
}

func guarded(c check, m *Measured, v *results.Variant) (r results.Check) {
	defer func() {
		if p := recover(); p != nil {
			r = results.Check{Name: "crashed", Text: fmt.Sprint("a check crashed, so it cannot be told: ", p)}
		}
	}()
	return c(m, v)
}

// accounts is the generator's bookkeeping.
func accounts(m *Measured, v *results.Variant) results.Check {
	t := m.Totals
	var causes int64
	for _, n := range t.Causes {
		causes += n
	}
	ok := t.Scheduled == t.Sent+t.Dropped && t.Sent == t.OK+t.Failed+t.Unfinished && causes == t.Failed
	return results.Check{
		Name: "accounts", OK: &ok,
		Law:       "scheduled = sent + dropped; sent = ok + failed + unfinished; failed = the sum of its causes",
		Predicted: num(t.Scheduled), Measured: num(t.Dropped + t.OK + t.Failed + t.Unfinished),
		Text: fmt.Sprintf("%d scheduled; %d dropped, %d ok, %d failed, %d unfinished", t.Scheduled, t.Dropped, t.OK, t.Failed, t.Unfinished),
	}
}

// logAgrees holds the generator's count against nginx's own. With one peer,
// or proxy_next_upstream off, nginx writes one line per failed request.
func logAgrees(m *Measured, v *results.Variant) results.Check {
	if v.NginxLog == nil || m.own() || m.Plan.Retries {
		return results.Check{} // with retries, or an error_page, it is no law
	}
	ok := v.Errors.Error99 == v.NginxLog.Error99
	return results.Check{
		Name: "log", OK: &ok,
		Law:       "requests failed by error 99 = error-99 lines in nginx's log",
		Predicted: num(v.NginxLog.Error99), Measured: num(v.Errors.Error99),
		Text: fmt.Sprintf("%d requests failed by it, %d lines say so", v.Errors.Error99, v.NginxLog.Error99),
	}
}

// own says whether nginx runs a configuration of the user's own.
func (m *Measured) own() bool { return m.Plan.OwnConfig != "" }

// exact says whether the laws hold to the second: with a configuration of the
// user's own, and where both ends close at once, f is an outcome of the run, and
// so are the moments of random arrivals.
func (m *Measured) exact() bool { return !m.own() && !m.Plan.Race && !m.Plan.Random }

// ports is P: as read back, or as asked for.
func (m *Measured) ports() int {
	if m.Usable != nil {
		return int(*m.Usable)
	}
	return m.Plan.PortHigh - m.Plan.PortLow + 1
}

func firstError(m *Measured, v *results.Variant) results.Check {
	p := m.Plan.Predicted.FirstError99S
	if p == nil || v.FirstError == nil || m.Plan.Predicted.Rough() || !m.exact() {
		return results.Check{} // where a collapse comes first, the law gives no moment
	}
	tol := max(law.Tolerance(*p), law.BurstTolerance(m.burst())) // within a burst the law knows no time, and real pools are lessSevere
	early, words := tol, "t = K/(fR), within 2 % and at least 30 ms"
	if n := m.Plan.Sources; n > 1 {
		early = max(early, law.EarlyBySplit(n, m.Plan.PerDestination())**p)
		words = fmt.Sprintf("t = K/(fR), up to %.0f %% early because requests are split at random over %d sources, 2 %% late", 100*early / *p, n)
	}
	late := tol
	if m.Plan.Keepalive > 0 && m.Plan.DelayS == 0 { // of a pool the law says what it churns at the most
		late, words = math.Inf(1), "t ≥ K/(fR·churn): a pool churns no more than the law says, and less where requests do not all end at once"
	}
	ok := *v.FirstError >= *p-early && *v.FirstError <= *p+late
	return results.Check{
		Name: "first error 99", OK: &ok, Law: words,
		Predicted: p, Measured: v.FirstError,
		Text: fmt.Sprintf("predicted %.3f s, measured %.3f s, %+.1f %%", *p, *v.FirstError, 100*(*v.FirstError / *p - 1)),
	}
}

// okBefore counts successes. In a run shorter than the hold time no tuple
// comes back, so all successes are those before the exhaustion, and their
// number is free of the race between the first error and the replies that were
// still on their way.
func okBefore(m *Measured, v *results.Variant) results.Check {
	p := m.Plan.Predicted.OKBeforeError99
	if p == nil || v.FirstError == nil || m.Plan.Predicted.Rough() || !m.exact() {
		return results.Check{}
	}
	if *v.LoadEndS >= 59 || m.Plan.Predicted.HoldS < 59 {
		return results.Check{} // tuples came back
	}
	if m.Plan.Keepalive > 0 {
		return results.Check{} // what a pool saves is not exact, and it goes on serving some
	}
	measured := v.OK
	if m.Plan.DelayS > 0 && v.OKBefore != nil {
		measured = v.OKBefore // tuples of requests that ended came back, as far as they had no TIME_WAIT
	}
	// A few more than K have been seen at 4096 ports, never fewer.
	over := max(2, int64(*p)/1000)
	if m.Plan.DelayS > 0 {
		over = max(over, int64(0.02*m.Plan.RatePerS*m.Plan.DelayS)) // those that ended while the first error was on its way
	}
	words := fmt.Sprintf("K/f successes, +0..%d", over)
	under := int64(law.Overlooked(m.ports(), m.Plan.Predicted.Tuples))
	if under > 0 {
		words += fmt.Sprintf(", or up to %d less: connect() may overlook a port of an odd range", under)
	}
	ok := *measured >= int64(*p)-under && *measured <= int64(*p)+over
	return results.Check{
		Name: "ok before it", OK: &ok, Law: words,
		Predicted: num(int64(*p)), Measured: num(*measured),
		Text: fmt.Sprintf("predicted %d, measured %d", *p, *measured),
	}
}

// okBeforeRace is the identity of a race for the TIME_WAIT: whatever f was, K/f
// requests succeed before all tuples have been lost to it.
func okBeforeRace(m *Measured, v *results.Variant) results.Check {
	p := v.Predicted.OKBeforeError99 // restated with the measured f
	if !m.Plan.Race || m.own() || v.CloseShare == nil || p == nil || v.OKBefore == nil || m.Plan.Predicted.Rough() {
		return results.Check{}
	}
	k := float64(v.Predicted.Tuples)
	early := 0.05 + m.Plan.RatePerS*m.Plan.BurstS/k // those of a burst hold a tuple each, whoever will close it
	off := float64(*v.OKBefore)/float64(*p) - 1
	ok := off <= 0.05 && off >= -early
	return results.Check{
		Name: "ok before it", OK: &ok, Law: "K/f successes with the measured f, within 5 %, and as much less as a burst is of K",
		Predicted: num(int64(*p)), Measured: num(*v.OKBefore),
		Text: fmt.Sprintf("f = %.3f: predicted %d, measured %d", *v.CloseShare, *p, *v.OKBefore),
	}
}

// collapseMoment expects the collapse where the law has one, and nowhere else.
func collapseMoment(m *Measured, v *results.Variant) results.Check {
	p := m.Plan.Predicted.CollapseS
	c := results.Check{Name: "collapse", Law: "t = K/(2fR), within 5 %", Predicted: p, Measured: v.CollapseS}
	var ok bool
	switch {
	case p == nil && v.CollapseS == nil, p != nil && *p > *v.LoadEndS, !m.exact():
		return results.Check{}
	case p == nil:
		c.Text = fmt.Sprintf("none predicted, but the rate fell after %.2f s", *v.CollapseS)
	case v.CollapseS == nil:
		c.Text = fmt.Sprintf("predicted %.2f s, and the rate did not fall", *p)
	default:
		ok = math.Abs(*v.CollapseS-*p) <= 0.05**p
		c.Text = fmt.Sprintf("predicted %.2f s, measured %.2f s, %+.1f %%", *p, *v.CollapseS, 100*(*v.CollapseS / *p - 1))
	}
	c.OK = &ok
	return c
}

func num(n int64) *float64 {
	f := float64(n)
	return &f
}
