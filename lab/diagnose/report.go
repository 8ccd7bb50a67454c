package diagnose

import (
	"slices"

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
	Trace      *Traced           `json:"trace,omitempty"`

	HorizonS float64 `json:"horizon_s"` // an error 99 within it counts

	seen    *Snapshot
	options Options
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

	// RequestsPerS is how many the nginx there serve, by their access logs, and Churn how many
	// connections the namespace begins for each; nil: not counted.
	RequestsPerS *float64 `json:"requests_per_s,omitempty"`
	Churn        *float64 `json:"churn,omitempty"`

	Quiet bool `json:"-"` // of a lean look: it has so few sockets that they were not listed

	countable bool // whether a second look would tell how many requests there are

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
	Slow       = "slow"        // half of the range is taken, or will be by a load that then is too much here
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

	NewPerS       *float64 `json:"new_per_s"`       // connections; null where who closes first is not known
	TimeWaitsPerS float64  `json:"time_wait_per_s"` // that begin at this end
	TrendPerS2    float64  `json:"trend_per_s2"`    // how much more of them each second
	HistoryS      float64  `json:"history_s"`       // the stretch that both are from
	// How many more live connections each second; absent after one look.
	LivePerS   *float64 `json:"live_per_s,omitempty"`
	CloseShare *float64 `json:"close_share"` // f; null where the other end was not seen
	HoldS      float64  `json:"hold_s"`      // T

	// CloseShareMin and CloseShareMax bound f where the other end was not seen and there
	// were two looks.
	CloseShareMin *float64 `json:"close_share_min,omitempty"`
	CloseShareMax *float64 `json:"close_share_max,omitempty"`

	HalfRangeS    *float64 `json:"half_range_s"`     // 0: it is taken; null: it will not be
	FirstError99S *float64 `json:"first_error_99_s"` // null: it does not come while the load stays so

	// FirstError99LatestS is the far end where the moment is an interval; nil: it is none, or
	// InDoubt says that it has no end, as connect() may get so slow that error 99 never comes.
	FirstError99LatestS *float64 `json:"first_error_99_latest_s,omitempty"`
	InDoubt             bool     `json:"error_99_in_doubt,omitempty"`

	SteadyTaken *float64 `json:"steady_taken"` // that the load comes to hold
	SafePerS    *float64 `json:"safe_time_wait_per_s"`
	FreesS      *float64 `json:"frees_s"` // until the first TIME_WAIT ends
	HealsS      *float64 `json:"heals_s"` // until less than half is taken, if the load stops now
	ConnectUs   float64  `json:"connect_after_half_us"`
	State       string   `json:"state"`

	// BindsFirst says that a program there binds before it connects: it has one range for
	// all destinations, and error 98 at its end.
	BindsFirst bool `json:"binds_first,omitempty"`

	// Mitigations are what each change would do here, as predict has them: where error 99
	// is due.
	Mitigations map[string]law.SteadyState `json:"mitigations,omitempty"`

	now          law.State
	setup        law.Setup
	live         int
	destinations int     // that it is made of
	cores        int     // of the machine; 0: unknown
	was          float64 // TIME_WAITs that began per second, where none begins any more
}

// Finding is one thing to know about a host that runs: it is about connections, where
// finding.Finding is about a line of a file, and its worst level is that of an outage.
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
			case t.State == Exhausted, t.FirstError99S != nil && *t.FirstError99S <= r.HorizonS,
				t.outruns() && *t.HalfRangeS <= r.HorizonS:
				worst = Due
			case t.State == Unknown && worst == Fine && t.matters():
				worst = Undecided
			}
		}
	}
	return worst
}

// unsettled says whether a second look would tell more.
func (r *Report) unsettled() bool {
	for _, n := range r.Namespaces {
		if slices.ContainsFunc(n.Tuples, func(t Tuple) bool {
			return t.LivePerS == nil && t.Tuples != nil &&
				(t.growsPerhaps() || t.urgentLater() && (t.CloseShare == nil || n.countable))
		}) {
			return true
		}
	}
	return false
}

// growsPerhaps says that live connections hold a good part of the ports: one look does not
// tell whether they become more.
func (t *Tuple) growsPerhaps() bool { return t.live >= 20 && t.now.Live > 0.05*float64(*t.Tuples) }

// urgentLater says that it matters who closes first, which one look at one end does not
// tell, and how many connections a request takes; and that there is time to look again.
func (t *Tuple) urgentLater() bool {
	return t.State == Slow || t.State == RunningOut && *t.FirstError99S > 10*BetweenLooks.Seconds()
}

// matters says whether a tuple whose state is unknown keeps the report from being fine:
// a few connections do not.
func (t *Tuple) matters() bool { return t.Taken >= 100 }
