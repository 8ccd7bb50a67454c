package verdict

import (
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// The assumptions of the laws that a run can break. They are words of
// summary.json.
const (
	GeneratorLate  = "generator late"
	ConntrackFull  = "conntrack full"
	BucketsBelowK  = "tcp_max_tw_buckets below K"
	PeerEjection   = "peer ejection"
	TimeWaitReused = "TIME_WAIT reused"
	FBelowOne      = "f below 1"
	Pooled         = "connections pooled"
	DearConnect    = "connect() too dear"
	PortsTaken     = "ports taken by others"
	SlowBackend    = "slow backend"
	OtherFailures  = "other failures"
	Unexplained    = "unexplained"
)

// evidence is what tells the assumptions apart, for one variant. 0 is none.
type evidence struct {
	LateShare     float64 // of the requests sent before the fault, late by the generator's fault
	Undersent     float64 // share of the schedule that the generator was behind: 1 − scheduled/(R·duration)
	ConntrackMax  int64   // net.netfilter.nf_conntrack_max in the proxy's namespace
	ConntrackLost int64   // packets dropped for want of room in that table
	NewConns      int64   // upstream connections opened
	TwOverflow    int64   // TCPTimeWaitOverflow
	TwRecycled    int64   // TWRecycled
	Other         int64   // requests failed neither by error 99 nor by that
	NoLive        int64   // requests failed without a connect()
	CloseShare    float64 // f; 0: not measured
	ReuseRatio    float64 // 1 − new connections per request
	CollapseS     float64
	PeakUsed      int64 // most tuples in use at once
	InFlight      float64

	Predicted law.Prediction
	Proxy     string // how people call it
	Pool      bool   // the setup has one
}

// rule is an assumption, the evidence that it is broken, and what that does.
type rule struct {
	assumption string
	moves      law.Direction
	broken     func(e evidence) (because string, yes bool)
}

// rules are in the order of suspicion: what spoils the measurement, then what
// changes the subject, then what bends the law.
var rules = []rule{
	{GeneratorLate, law.Either, func(e evidence) (string, bool) {
		return fmt.Sprintf("the generator sent %.1f %% of its requests late and was %.1f %% behind its schedule, "+
				"so R was not what the law was told", 100*e.LateShare, 100*max(0, e.Undersent)),
			e.LateShare > 0.01 || e.Undersent > 0.02
	}},
	{ConntrackFull, law.Either, func(e evidence) (string, bool) {
		return fmt.Sprintf("connection tracking lost %d packets: its table of %d was full", e.ConntrackLost,
			e.ConntrackMax), e.ConntrackLost > 0
	}},
	{BucketsBelowK, law.LessSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("the kernel dropped %d connections without TIME_WAIT (TCPTimeWaitOverflow): "+
				"tcp_max_tw_buckets was reached before all %d tuples were taken", e.TwOverflow, e.Predicted.Tuples),
			e.TwOverflow > 0
	}},
	{PeerEjection, law.MoreSevere, func(e evidence) (string, bool) {
		if e.Proxy != results.Nginx {
			return fmt.Sprintf("%s refused %s requests without a connect(), "+
				"as it does for a while after one that failed",
				e.Proxy, format.Grouped(e.NoLive)), e.NoLive > 0
		}
		return fmt.Sprintf("nginx marked its peers down, and %s requests failed with \"no live upstreams\" without a "+
				"connect(): max_fails=0 turns that off", format.Grouped(e.NoLive)),
			e.NoLive > 0
	}},
	{TimeWaitReused, law.LessSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("%d tuples were taken out of TIME_WAIT early (TWRecycled), so T was less than %g s: "+
				"tcp_tw_reuse is in force", e.TwRecycled, e.Predicted.HoldS),
			e.Predicted.HoldS > law.ReuseDelay.Seconds() && 100*e.TwRecycled > e.NewConns
	}},
	{FBelowOne, law.LessSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("%s closed first in %.0f %% of the connections only (f = %.2f): "+
				"the others left their TIME_WAIT on the backend", e.Proxy, 100*e.CloseShare, e.CloseShare),
			e.CloseShare > 0 && e.CloseShare < 0.98
	}},
	{Pooled, law.LessSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("%.1f %% of the requests reused a connection, though no pool was asked for",
				100*e.ReuseRatio),
			!e.Pool && e.ReuseRatio > 0.02
	}},
	{DearConnect, law.Either, func(e evidence) (string, bool) {
		return fmt.Sprintf("the rate fell after %.2f s: with half the range taken, "+
				"the workers could not afford connect()", e.CollapseS),
			e.CollapseS > 0 && e.Predicted.CollapseS == nil
	}},
	{PortsTaken, law.MoreSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("no more than %d of the %d tuples were ever in use by %s: "+
				"something else in its namespace held the rest", e.PeakUsed, e.Predicted.Tuples, e.Proxy),
			e.PeakUsed > 0 && float64(e.PeakUsed) < 0.99*float64(e.Predicted.Tuples)
	}},
	{OtherFailures, law.MoreSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("%s requests failed for another reason than ports, which %s's error log names",
			format.Grouped(e.Other), e.Proxy), e.Other > 0
	}},
	{SlowBackend, law.MoreSevere, func(e evidence) (string, bool) {
		return fmt.Sprintf("about %.0f requests were under way at the backend at once, "+
				"and each holds a tuple besides those in TIME_WAIT", e.InFlight),
			e.InFlight > 0.02*float64(e.Predicted.Tuples)
	}},
}

// broke says which assumption broke, given which way the measurement lies from
// the law, and how that is known: the first that is broken and moves a run that
// way.
func (e evidence) broke(moved law.Direction) (assumption, because string) {
	for _, r := range rules {
		if r.moves != law.Either && moved != law.Either && r.moves != moved {
			continue
		}
		if because, yes := r.broken(e); yes {
			return r.assumption, because
		}
	}
	return Unexplained, "none of the known causes left a trace: look at the samples"
}
