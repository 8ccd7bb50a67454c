package diagnose

import (
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/probe"
)

// Schema is the version of Report as JSON.
const Schema = "lab99/diagnose/v1"

// Report is what follows from a Snapshot. Its JSON is what `lab99 diagnose --json`
// prints.
type Report struct {
	Schema     string            `json:"schema"`
	Kernel     string            `json:"kernel"`
	Abilities  ability.Found     `json:"abilities"` // of the kernel, as far as they are known without trying
	Namespaces []NamespaceReport `json:"namespaces"`
	Findings   []Finding         `json:"findings"`
	Unseen     []string          `json:"unseen"`

	HorizonS float64 `json:"horizon_s"` // an error 99 within it counts
}

// NamespaceReport is one network namespace.
type NamespaceReport struct {
	Inode     uint64            `json:"inode"` // 0: unknown
	Name      string            `json:"name"`
	Processes []string          `json:"processes"`
	Member    bool              `json:"member"` // it was entered; otherwise its ports and sysctls are unknown
	Ports     *probe.Ports      `json:"ports"`  // null: unknown
	Sysctls   map[string]string `json:"sysctls"`
	TimeWait  int               `json:"time_wait"`           // in all
	Conntrack *Table            `json:"conntrack,omitempty"` // of the namespace, where it tracks
	Tuples    []Tuple           `json:"tuples"`              // the fullest
	Others    int               `json:"others"`              // pairs of source and destination that are left out

	enter string // what a command begins with that is for the namespace
}

// Table is how full a table is.
type Table struct {
	Taken int64 `json:"taken"`
	Max   int64 `json:"max"`
}

// The states of a pair of source and destination.
const (
	Exhausted  = "exhausted"   // connect() fails, or is about to
	RunningOut = "running-out" // it will, if the load goes on
	Slow       = "slow"        // half of the range is taken: connect() looks long for a port
	OK         = "ok"
	Unknown    = "unknown" // how many ports there are is not known, or there is too little history
)

// Tuple is a pair of source address and destination, whose ports run out together.
type Tuple struct {
	Source      string         `json:"source"`
	Destination string         `json:"destination"`
	Tuples      *int           `json:"tuples"` // K; null: unknown
	Taken       int            `json:"taken"`
	Reusable    int            `json:"reusable"` // of those, TIME_WAITs that tcp_tw_reuse gives to connect()
	Share       *float64       `json:"share"`    // of K, without those
	States      map[string]int `json:"states"`

	NewPerS       *float64 `json:"new_per_s"`            // connections; null where who closes first is not known
	TimeWaitsPerS float64  `json:"time_wait_per_s"`      // that begin at this end
	TrendPerS2    float64  `json:"trend_per_s2"`         // how much more of them each second
	HistoryS      float64  `json:"history_s"`            // the stretch that both are from
	LivePerS      *float64 `json:"live_per_s,omitempty"` // how many more live connections each second; absent after one look
	CloseShare    *float64 `json:"close_share"`          // f; null where the other end was not seen
	HoldS         float64  `json:"hold_s"`               // T

	HalfRangeS    *float64 `json:"half_range_s"`     // 0: it is taken; null: it will not be
	FirstError99S *float64 `json:"first_error_99_s"` // null: it does not come while the load stays so
	SteadyTaken   *float64 `json:"steady_taken"`     // that the load comes to hold
	SafePerS      *float64 `json:"safe_time_wait_per_s"`
	FreesS        *float64 `json:"frees_s"` // until the first TIME_WAIT ends
	HealsS        *float64 `json:"heals_s"` // until less than half is taken, if the load stops now
	ConnectUs     float64  `json:"connect_after_half_us"`
	State         string   `json:"state"`

	// Mitigations are what each change would do here, as predict has them: where error 99
	// is due.
	Mitigations map[string]law.SteadyState `json:"mitigations,omitempty"`

	now   law.State
	setup law.Setup
	live  int
}

// Finding is one thing to know.
type Finding struct {
	ID          string `json:"id"`
	Level       string `json:"level"` // critical, warning or note
	Namespace   string `json:"namespace,omitempty"`
	Source      string `json:"source,omitempty"`
	Destination string `json:"destination,omitempty"`
	File        string `json:"file,omitempty"`
	Line        int    `json:"line,omitempty"`
	Text        string `json:"text"`
	Next        string `json:"next"` // what to do, or to look at
}

// The levels of a finding.
const (
	Critical = "critical"
	Warning  = "warning"
	Note     = "note"
)

// Outcome is what a report comes to.
type Outcome int

// Outcomes, from the best to the worst.
const (
	Fine      Outcome = iota
	Undecided         // too little history to say
	Due               // exhausted, or error 99 within the horizon
	Blind             // nothing could be looked at
)

// Outcome is that of the report.
func (r *Report) Outcome() Outcome {
	if len(r.Namespaces) == 0 {
		return Blind
	}
	worst := Fine
	for _, n := range r.Namespaces {
		for _, t := range n.Tuples {
			switch {
			case t.State == Exhausted, t.FirstError99S != nil && *t.FirstError99S <= r.HorizonS:
				worst = Due
			case t.State == Unknown && worst == Fine && t.matters():
				worst = Undecided
			}
		}
	}
	return worst
}

// unsettled says whether a second look would tell more: live connections hold a good part
// of the ports, and one look does not tell whether they become more.
func (r *Report) unsettled() bool {
	for _, n := range r.Namespaces {
		for _, t := range n.Tuples {
			if t.Tuples != nil && t.LivePerS == nil && t.live >= 20 && t.now.Live > 0.05*float64(*t.Tuples) {
				return true
			}
		}
	}
	return false
}

// matters says whether a tuple whose state is unknown keeps the report from being fine:
// a few connections do not.
func (t *Tuple) matters() bool { return t.Taken >= 100 }
