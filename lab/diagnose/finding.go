package diagnose

import (
	"fmt"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// A rule says one thing that follows from a look at a namespace. A new one is a function
// in a file of its own, and its line in the list of rules.
type rule struct {
	id   string
	find func(*view)
}

// rules are all rules, in the order in which findings of one level are told.
var rules = []rule{
	{"exhausted", exhausted}, {"running-out", runningOut}, {"half-range", halfRange},
	{"bind-first", bindFirst},
	{"range-unknown", rangeUnknown}, {"too-little-history", tooLittleHistory},
	{"bound-ports", boundPorts}, {"reserved-ports", reservedPorts},
	{"unanswered", unanswered}, {"conntrack-fuller", conntrackFuller}, {"conntrack-dropped", conntrackDropped},
	{"tw-overflow", overflow}, {"sysctl-not-inherited", notInherited},
	{"reuse-without-timestamps", reuseWithoutTimestamps},
	{"no-source-address", noSourceAddress}, {"no-ipv6", withoutIPv6}, {"fixed-source-port", fixedSourcePort},
	{"own-source-ports", ownSourcePorts},
	{"nginx-config", nginxConfig}, {"churn", churn},
	{"nearest", nearest},
}

// view is a namespace as a rule sees it, and keeps what the rule says.
type view struct {
	*NamespaceReport
	seen     *Namespace // what the report is made of
	snapshot *Snapshot
	report   *Report
	horizon  time.Duration

	id    string // of the rule
	found []Finding
}

// findings are what all rules say of a namespace.
func (v *view) findings() []Finding {
	for _, r := range rules {
		v.id = r.id
		r.find(v)
	}
	return v.found
}

// add keeps a finding of the rule.
func (v *view) add(f Finding) {
	f.ID, f.Namespace = v.id, v.Name
	v.found = append(v.found, f)
}

// say is about the namespace.
func (v *view) say(level, next, text string, args ...any) {
	v.add(Finding{Level: level, Text: v.Name + ": " + fmt.Sprintf(text, args...), Next: next})
}

// sayOf is about one pair of source and destination.
func (v *view) sayOf(t *Tuple, level, next, text string, args ...any) {
	v.add(Finding{Level: level, Source: t.Source, Destination: t.Destination, Next: next,
		Text: v.pair(t) + ": " + fmt.Sprintf(text, args...)})
}

// pair is what a pair is called.
func (v *view) pair(t *Tuple) string {
	return fmt.Sprintf("%s → %s in %s", t.Source, t.Destination, v.Name)
}

// taken is how much of its ports a pair has, and by what.
func (t *Tuple) taken() string {
	return fmt.Sprintf("%s of %s ports are taken (%s)", format.Grouped(t.Taken-t.Reusable),
		format.Or(t.Tuples, format.Grouped[int], "?"), t.by())
}

// failure is the call that fails at the end of the ports, and how.
func (t *Tuple) failure() (call string, errno int) {
	if t.BindsFirst {
		return "bind()", 98
	}
	return "connect()", 99
}

// by says what takes the ports.
func (t *Tuple) by() string {
	waiting := t.States[results.StateTimeWait] - t.Reusable
	switch {
	case t.live == 0:
		return format.Grouped(waiting) + " TIME_WAIT"
	case waiting == 0:
		return format.Grouped(t.live) + " live"
	}
	return fmt.Sprintf("%s TIME_WAIT, %s live", format.Grouped(waiting), format.Grouped(t.live))
}

// coming says how TIME_WAITs come.
func (t *Tuple) coming() string {
	if t.now.LivePerS > t.TimeWaitsPerS {
		return format.Rough(t.now.LivePerS) +
			" more live connections a second: the backend has become slow, or nobody closes them"
	}
	text := fmt.Sprintf("%s more a second", format.Rough(t.TimeWaitsPerS))
	if t.TrendPerS2 != 0 {
		text += fmt.Sprintf(" and %+.2g each second", t.TrendPerS2)
	}
	return text + fmt.Sprintf(" (seen for %s)", format.About(t.HistoryS))
}
