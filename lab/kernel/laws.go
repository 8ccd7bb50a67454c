package kernel

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/kernel/guest"
	"github.com/lab99/lab99/lab/law"
)

// Cell is one law on one kernel.
type Cell struct {
	Text string `json:"text"`          // the measured value, or why there is none in a word
	OK   *bool  `json:"ok"`            // null: there is nothing to judge, or it could not be judged
	Why  string `json:"why,omitempty"` // of what is not as the law says, or was not judged
}

// rule is one law of the table: how it is held against a kernel's evidence.
type rule struct {
	id, words string
	judge     func(evidence) Cell
}

// rules are the laws of the table, in its order. Before them come the abilities.
var rules = []rule{
	{"hold", "T: a TIME_WAIT stays 60 s, and up to a slot of the timer wheel longer", hold},

	{"k", "K: exactly K connections, then error 99", of(Exhaustion, "baseline", exactly)},
	{"first_error_99", "first error 99 = K/R", of(Exhaustion, "baseline", moment)},
	{"three_addresses", "three addresses: exactly 3 K", of(Exhaustion, "multi-ip", exactly)},
	{"three_addresses_s", "… and error 99 three times as late", of(Exhaustion, "multi-ip", moment)},
	{"close_share", "f = 1: every connection leaves a TIME_WAIT at nginx", of(Exhaustion, "baseline", closeShare)},
	{"keepalive", "upstream keepalive mitigates", of(Exhaustion, "keepalive", mitigated)},
	{"tw_reuse", "tcp_tw_reuse=1 mitigates below its ceiling", of(Exhaustion, "tw-reuse", mitigated)},

	{"loopback_reuse_0", "127.0.0.1 with tcp_tw_reuse=0: exactly K, then error 99", of(SameHost, "reuse-0", exactly)},
	{"loopback_default", "tcp_tw_reuse=2, the default, mitigates on 127.0.0.1", of(SameHost, "default", mitigated)},
	{"own_address", "… and does nothing on another address of the host: exactly K",
		of(SameHost, "own-address", exactly)},
	{"both_addresses", "both addresses, tcp_tw_reuse=0: exactly 2 K", of(SameHost, "both-addresses", exactly)},

	{"reuse_below", "tcp_tw_reuse=1 below K per second mitigates", of(Ceiling, "below", mitigated)},
	{"reuse_above", "tcp_tw_reuse=1 above K per second: first error 99", of(Ceiling, "above", moment)},
	{"reuse_above_ok", "… successes before it", of(Ceiling, "above", reuseAboveOK)},
	{"reuse_delay", "tcp_tw_reuse_delay=100 raises the ceiling", of(Ceiling, "shorter-delay", mitigated)},
	{"no_timestamps", "without TCP timestamps nothing is reused: exactly K", of(Ceiling, "no-timestamps", exactly)},
}

// inWords shows what was found of one ability. None is wrong: they say which laws
// hold.
func inWords(f ability.Finding) Cell {
	why, unknown := strings.CutPrefix(f.Value, ability.NotKnown)
	if unknown {
		return Cell{Text: "?", Why: strings.TrimPrefix(why, ": ")}
	}
	return Cell{Text: f.Value}
}

// pollDelay is by how much the end of a TIME_WAIT may be seen late, or its beginning
// be noted late.
const pollDelay = 0.1

// hold holds the measured T against the law of the kernel's HZ.
func hold(e evidence) Cell {
	t := e.result.Tasks[Held]
	if t == nil {
		return Cell{Text: "–"}
	}
	var held guest.Held
	if err := json.Unmarshal(t.Stdout, &held); err != nil || len(held.S) == 0 {
		return Cell{Text: "no result", Why: failure(t)}
	}
	shortest, longest := slices.Min(held.S), slices.Max(held.S)
	c := Cell{Text: fmt.Sprintf("%.2f–%.2f s", shortest, longest)}
	if e.found.HZ == nil {
		c.Why = "HZ is not known"
		return c
	}
	least, most := law.TimeWaitRange(*e.found.HZ)
	c.Text += fmt.Sprintf(" / %.0f–%.1f", least.Seconds(), most.Seconds())
	slack := pollDelay
	if len(e.result.Clock.ticks) > 0 {
		apart, timed := e.result.Clock.Apart(t.FromS, t.ToS)
		if !timed || apart > 2 {
			c.Why = fmt.Sprintf("the guest's clock parted from the host's by %.2f s meanwhile", apart)
			return c
		}
		slack += apart
	}
	ok := len(held.S) == held.Made && shortest >= least.Seconds()-slack && longest <= most.Seconds()+slack
	if c.OK = &ok; !ok {
		c.Why = fmt.Sprintf("%d of %d ended in time", len(held.S), held.Made)
	}
	return c
}

// of judges a variant of a task, if there is one.
func of(task, name string, judge func(variant) Cell) func(evidence) Cell {
	return func(e evidence) Cell {
		v, none := e.find(task, name)
		if none != nil {
			return *none
		}
		return judge(v)
	}
}

// exactly holds the number of successes against K. The load is shorter than T, so
// none comes back. However late the load was sent, the count is the same.
func exactly(v variant) Cell {
	if v.OK == nil {
		return Cell{Text: "?", Why: v.Why}
	}
	k := int64(v.Predicted.Tuples)
	c := Cell{Text: fmt.Sprintf("%d of %d", *v.OK, k), OK: new(true)}
	switch {
	case v.Verdict == law.Invalid && (v.FirstError == nil || *v.OK < k):
		return *v.undisturbed() // it may have sent less than K, or lost some for want of time
	case v.FirstError == nil:
		c.OK, c.Why = new(false), "no error 99: "+v.Why
	case *v.OK != k:
		c.OK, c.Why = new(false), v.Why
	}
	return c
}

// moment holds the first error 99 against the law: within 2 %, at least 30 ms, and
// what the guest's clock allows.
func moment(v variant) Cell {
	if c := v.undisturbed(); c != nil {
		return *c
	}
	if v.FirstError == nil {
		return Cell{Text: "none", OK: new(false), Why: v.Why}
	}
	if v.Predicted.FirstError99S == nil {
		return Cell{Text: "?", Why: "no prediction"}
	}
	earliest := *v.Predicted.FirstError99S
	latest := earliest
	if v.Predicted.FirstError99LatestS != nil {
		latest = *v.Predicted.FirstError99LatestS
	}
	return v.within(*v.FirstError, earliest, latest)
}

// distrust is the share of a time by which the guest's clock may part from the
// host's and still be believed.
const distrust = 0.1

// within judges a moment that lies between two others.
func (v variant) within(at, earliest, latest float64) Cell {
	want := fmt.Sprintf("%.3f", earliest)
	if latest > earliest {
		want = fmt.Sprintf("%.2f–%.2f", earliest, latest)
	}
	c := Cell{Text: fmt.Sprintf("%.3f s / %s", at, want)}
	if !v.timed {
		c.Why = "the guest's clock was not held against the host's"
		return c
	}
	if v.apart > max(distrust*earliest, 0.1) {
		c.Why = fmt.Sprintf("the guest's clock parted from the host's by %.2f s meanwhile", v.apart)
		return c
	}
	ok := at >= earliest-law.Tolerance(earliest)-v.apart && at <= latest+law.Tolerance(latest)+v.apart
	c.OK = &ok
	if !ok {
		c.Why = v.Why
	}
	return c
}

func mitigated(v variant) Cell {
	if c := v.undisturbed(); c != nil {
		return *c
	}
	ok := v.Verdict == law.Mitigated
	c := Cell{Text: v.Verdict, OK: &ok}
	if !ok {
		c.Why = v.Why
	}
	return c
}

// closeShare holds the counted f against the sockets: both say that all K ports
// were lost to TIME_WAIT.
func closeShare(v variant) Cell {
	if v.CloseShare == nil || v.TimeWait.ProxyPeak == nil {
		return Cell{Text: "?", Why: "it was not measured"}
	}
	f, sockets := *v.CloseShare, *v.TimeWait.ProxyPeak
	ok := math.Abs(f-1) <= 0.01 && sockets == int64(v.Predicted.Tuples)
	c := Cell{Text: fmt.Sprintf("f %.2f, %d TIME_WAIT", f, sockets), OK: &ok}
	if !ok {
		c.Why = fmt.Sprintf("want f = 1 and %d TIME_WAIT", v.Predicted.Tuples)
	}
	return c
}

// reuseAboveOK holds the successes before the first error 99 above the ceiling of
// tcp_tw_reuse=1. Where the kernel counts whole seconds, they are an interval.
func reuseAboveOK(v variant) Cell {
	if c := v.undisturbed(); c != nil { // late requests find more ports free again
		return *c
	}
	if v.OKBefore == nil {
		return Cell{Text: "?", Why: v.Why}
	}
	k, got := int64(v.Predicted.Tuples), *v.OKBefore
	most := k
	if v.Predicted.OKBeforeError99Most != nil {
		most = int64(*v.Predicted.OKBeforeError99Most)
	}
	c := Cell{Text: fmt.Sprintf("%d of %d", got, k)}
	if most > k {
		c.Text += fmt.Sprintf("–%d", most)
	}
	// Replies may still be on their way when the first error comes: those to what was
	// sent within the tolerance of a time.
	ok := got >= k-2-int64(law.Tolerance(0)*v.OfferedPerS) && got <= most
	if c.OK = &ok; !ok {
		c.Why = v.Why
	}
	return c
}
