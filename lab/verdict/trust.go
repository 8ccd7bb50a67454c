package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// distrust says why nothing measured can be trusted, "" if it can: first what
// was noticed while it ran, then what the figures themselves give away.
func (m *Measured) distrust(v *results.Variant) string {
	why := m.Faults[:len(m.Faults):len(m.Faults)]
	add := func(text string) {
		if text != "" {
			why = append(why, text)
		}
	}
	t := m.Totals
	switch {
	case t == nil && len(why) == 0:
		add("the load did not finish")
	case t == nil:
	case t.OwnLimit != "":
		add("the load generator hit its own limit: " + t.OwnLimit)
	case t.Sent == 0:
		add("the load generator sent nothing")
	default:
		if c := v.CPU.LoadGen; c != nil && *c/float64(max(1, t.Generators)) > BusyLimit {
			add(fmt.Sprintf("the load generator used %.0f %% of the one core it runs on (limit %g %%): "+
				"it was the bottleneck",
				100**c/float64(max(1, t.Generators)), 100*BusyLimit))
		}
		why = append(why, m.tooBusy(v)...)
	}
	for _, host := range []string{results.HostProxy, results.HostBackend} {
		add(m.conntrack(host))
	}
	return strings.Join(why, "; ")
}

// tooBusy says how a machine shows that was too busy for the run. What was kept
// from nginx and the probes says more of it than a late generator does.
func (m *Measured) tooBusy(v *results.Variant) []string {
	all := []string{
		m.untimed(),
		m.starved(),
		m.gap(results.HostProxy),
		m.gap(results.HostBackend),
		m.late(orNever(v.FirstError)),
		m.gap(results.HostLoad),
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// untimed says that the hosts' clocks are not known as well as moments are judged. A busy
// machine, or a slow way to it, makes for slow answers.
func (m *Measured) untimed() string {
	judged := law.Tolerance(m.Plan.Predicted.Latest99())
	if bound := m.Laws.ClockBound.Seconds(); bound > judged {
		return fmt.Sprintf("the hosts' clocks are known to %.0f ms only, and moments are judged to within %.0f ms",
			1e3*bound, 1e3*judged)
	}
	return ""
}

// Disturbed says whether a row is invalid because the machine was too busy: when
// it is not, the same measurement may be sound.
func Disturbed(m Measured, v results.Variant) bool {
	return v.Verdict == law.Invalid && m.Totals != nil && len(m.tooBusy(&v)) > 0
}

// late holds the generator to its schedule, before the fault. Of a load in bursts
// a whole one comes due in a pause.
func (m *Measured) late(fault float64) string {
	late, sent := m.lateBefore(fault)
	if allowed := max(LateLimit*sent, m.Plan.RatePerS*max(LatePause, m.Laws.Burst).Seconds()); late <= allowed {
		return ""
	}
	return fmt.Sprintf("the load generator sent %.1f %% of its requests more than 10 ms late "+
		"(limit %g %%, or what comes due in %g ms): the machine was too busy for it",
		100*late/sent, 100*LateLimit, LatePause.Seconds()*1000)
}

// gap looks for a stretch of the load in which a host took no sample.
func (m *Measured) gap(host string) string {
	const limit = results.GapLimit * float64(results.SampleEvery) / 1e9
	end := m.Totals.LoadSeconds()
	last, seen := 0.0, false
	widest, at := 0.0, 0.0
	look := func(t float64) {
		if d := t - last; d > widest {
			widest, at = d, last
		}
		last = max(last, t)
	}
	for _, s := range m.Samples {
		if s.Host != host || s.Net == nil && s.Load == nil {
			continue
		}
		seen = true
		look(min(s.T, end))
	}
	if !seen {
		return "" // whoever took none at all has said so
	}
	if look(end); widest <= limit {
		return ""
	}
	return fmt.Sprintf("no sample of host %s was taken for %.2f s, from %.2f s on "+
		"(limit %.1f s, %d intervals): it was paused, or the machine was",
		host, widest, at, limit, results.GapLimit)
}

// starved tells an nginx that was slow from one that was not let run: by other
// programs, by a limit of its container, or by the hypervisor. It looks like
// the collapse at half the range, and is none.
func (m *Measured) starved() string {
	first, last := m.overLoad(results.HostProxy)
	if last == nil {
		return ""
	}
	took := last.T - first.T
	wait, ran := last.Net.WaitS-first.Net.WaitS, last.Net.CPUSeconds-first.Net.CPUSeconds
	if wait > StarvedLimit*took && wait > ran {
		return fmt.Sprintf("%s was ready to run and had no processor for %.1f of %.1f s, and ran for %.1f s: "+
			"it was starved by other programs, or by a limit on its container", m.Plan.ProxyName(), wait, took, ran)
	}
	if stolen := (last.Net.StealS - first.Net.StealS) / took / float64(max(1, m.CPUs)); stolen > StealLimit {
		return fmt.Sprintf("the hypervisor took %.0f %% of the machine's processor time away (limit %g %%)",
			100*math.Min(1, stolen), 100*StealLimit)
	}
	return ""
}

// conntrack looks for packets that a full table of tracked connections lost.
func (m *Measured) conntrack(host string) string {
	all := m.net(host)
	if len(all) == 0 {
		return ""
	}
	c := all[len(all)-1].Net.Counters
	if n := conntrackLost(c); n > 0 {
		return fmt.Sprintf("connection tracking on the %s lost %d packets "+
			"(%d dropped, %d evicted early, %d not inserted): raise nf_conntrack_max, "+
			"or take the rules that track away",
			host, n, c["conntrack_drop"], c["conntrack_early_drop"], c["conntrack_insert_failed"])
	}
	for _, s := range all {
		if n, limit := s.Net.Counters["conntrack_entries"], s.Net.Counters["conntrack_max"]; limit > 0 && n >= limit {
			return fmt.Sprintf("the connection tracking table of the %s was full, %d of %d, %.2f s into the load",
				host, n, limit, s.T)
		}
	}
	return ""
}

// conntrackLost is how many packets a host's connection tracking had no room for.
func conntrackLost(counters map[string]int64) int64 {
	return counters["conntrack_drop"] + counters["conntrack_early_drop"] + counters["conntrack_insert_failed"]
}
