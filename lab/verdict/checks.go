package verdict

import (
	"fmt"
	"math"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// checks holds the run against its own bookkeeping, the laws, and what the scenario
// claims. A check that crashes cannot tell.
func (m *Measured) checks(v *results.Variant) []results.Check {
	list := []results.Check{}
	add := func(check func() *results.Check) {
		if c := guarded(check); c != nil {
			list = append(list, *c)
		}
	}
	add(func() *results.Check { return accounts(m) })
	add(func() *results.Check { return logAgrees(m, v) })
	add(func() *results.Check { return socketsAgree(m, v) })
	run := m.run(v)
	for _, l := range law.Laws {
		if l.Check != nil {
			add(func() *results.Check { return check(l, run) })
		}
	}
	return append(list, m.claims(v)...)
}

func guarded(check func() *results.Check) (c *results.Check) {
	defer func() {
		if p := recover(); p != nil {
			c = &results.Check{
				ID:   "crashed",
				Name: "crashed",
				Text: fmt.Sprint("a check crashed, so it cannot be told: ", p),
			}
		}
	}()
	return check()
}

// accounts is the generator's bookkeeping.
func accounts(m *Measured) *results.Check {
	t := m.Totals
	var causes int64
	for _, n := range t.Causes {
		causes += n
	}
	ok := t.Scheduled == t.Sent+t.Dropped && t.Sent == t.OK+t.Failed+t.Unfinished && causes == t.Failed
	return &results.Check{
		ID: "accounts", Name: "accounts", OK: &ok,
		Law:       "scheduled = sent + dropped; sent = ok + failed + unfinished; failed = the sum of its causes",
		Predicted: num(t.Scheduled), Measured: num(t.Dropped + t.OK + t.Failed + t.Unfinished),
		Text: fmt.Sprintf("%d scheduled; %d dropped, %d ok, %d failed, %d unfinished",
			t.Scheduled, t.Dropped, t.OK, t.Failed, t.Unfinished),
	}
}

// logAgrees holds the generator's count against nginx's own. With one peer,
// or proxy_next_upstream off, nginx writes one line per failed request. Other kinds have
// a number of their own.
func logAgrees(m *Measured, v *results.Variant) *results.Check {
	if c := m.Laws.Conduct; v.NginxLog != nil && c != nil {
		return linesAgree(m, v, c.Lines)
	}
	if v.NginxLog == nil || m.Laws.OwnConfig || m.Laws.Ejection.Retries() {
		return nil // with retries, or an error_page, it is no law
	}
	ok := v.Errors.Error99 == v.NginxLog.Error99
	return &results.Check{
		ID: "log", Name: "log", OK: &ok,
		Law:       "requests failed by error 99 = error-99 lines in nginx's log",
		Predicted: num(v.NginxLog.Error99), Measured: num(v.Errors.Error99),
		Text: fmt.Sprintf("%d requests failed by it, %d lines say so", v.Errors.Error99, v.NginxLog.Error99),
	}
}

// linesAgree holds all that failed against the log of a kind that writes so many lines for
// a failed connect(), and one for a request that it does not try. Requests that the load's
// end cut off may have some of theirs.
func linesAgree(m *Measured, v *results.Variant, lines int) *results.Check {
	if lines == 0 || v.Failed == nil {
		return nil
	}
	log := *v.NginxLog
	said := float64(log.Error99)/float64(lines) + float64(log.NoLiveUpstreams)
	cut := float64(m.Totals.Unfinished) + 1
	ok := math.Abs(said-float64(*v.Failed)) <= cut
	return &results.Check{
		ID: "log", Name: "log", OK: &ok,
		Law: fmt.Sprintf("requests failed = error-99 lines in the proxy's log / %d + those it did not try, "+
			"± %g under way", lines, cut),
		Predicted: &said, Measured: num(*v.Failed),
		Text: fmt.Sprintf("%d requests failed; %d lines of error 99 and %d of requests not tried",
			*v.Failed, log.Error99, log.NoLiveUpstreams),
	}
}

// The tolerance of socketsAgree: the number of sockets and the counters are two
// looks at a namespace, some 50 µs apart.
const (
	uncountedShare = 0.01
	uncountedLeast = 10
)

// socketsAgree holds the counter that f is made of against the sockets: no more
// can be alive than were made. A kernel that counts otherwise than was taken for
// granted fails it, whatever the verdict.
func socketsAgree(m *Measured, v *results.Variant) *results.Check {
	if m.Proxy == nil || v.CloseShare == nil {
		return nil
	}
	counted, alive := m.mostUncounted()
	ok := float64(alive-counted) <= max(uncountedLeast, uncountedShare*float64(alive))
	text := fmt.Sprintf("%d were alive on the proxy's host when %d had been counted", alive, counted)
	if m.TimeWaitAtEnd {
		text += ", by their number, as this kernel counts a TIME_WAIT when it ends"
	}
	if !ok {
		text += ": the kernel does not count TIME_WAITs as lab99 takes for granted, and f is at least as large " +
			"as the sockets say"
	}
	return &results.Check{
		ID: "time-waits", Name: "TIME_WAITs counted", OK: &ok,
		Law: fmt.Sprintf("no more TIME_WAITs are alive than were counted, within %g %% (at least %d)",
			100*uncountedShare, uncountedLeast),
		Predicted: num(counted), Measured: num(alive), Text: text,
	}
}

// check holds a run against a law.
func check(l *law.Law, r law.Run) *results.Check {
	c := l.Check(r)
	if c == nil {
		return nil
	}
	return &results.Check{
		ID:        l.ID,
		Name:      l.CheckName(),
		OK:        &c.OK,
		Law:       c.Law,
		Predicted: c.Predicted,
		Measured:  c.Measured,
		Text:      c.Text,
	}
}

func num(n int64) *float64 {
	f := float64(n)
	return &f
}
