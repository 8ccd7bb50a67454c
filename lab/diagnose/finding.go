package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
)

// findings are what to say of one pair of source and destination.
func (t *Tuple) findings(n *NamespaceReport, horizon time.Duration) []Finding {
	f := Finding{Namespace: n.Name, Source: t.Source, Destination: t.Destination}
	pair := fmt.Sprintf("%s → %s in %s", t.Source, t.Destination, n.Name)
	switch {
	case t.State == Exhausted:
		f.ID, f.Level = "exhausted", Critical
		f.Text = fmt.Sprintf("%s: %s of %s ports are taken (%s), so connect() fails with error 99 now", pair,
			format.Grouped(t.Taken-t.Reusable), format.Grouped(*t.Tuples), t.by())
		if t.FreesS != nil {
			f.Text += fmt.Sprintf("; the first one comes free in about %s", format.About(*t.FreesS))
		}
		if t.HealsS != nil && *t.HealsS > 0 {
			f.Text += fmt.Sprintf("; if the load stopped now, half of them would be free in %s", format.About(*t.HealsS))
		}
		f.Next = firstAid(n, t)
	case t.State == RunningOut:
		f.ID, f.Level = "running-out", Critical
		if *t.FirstError99S > horizon.Seconds() {
			f.Level = Warning
		}
		f.Text = fmt.Sprintf("%s: %s of %s ports are taken (%s), %s: the first error 99 is due in %s; they bear %s a second",
			pair, format.Grouped(t.Taken-t.Reusable), format.Grouped(*t.Tuples), t.by(), t.coming(), format.About(*t.FirstError99S),
			format.Rough(*t.SafePerS))
		if cores := t.coresAfterHalf(); cores > 0.5 {
			f.Text += fmt.Sprintf("; from half of them on connect() needs %s cores at this rate, and where there are fewer it comes later, "+
				"with a slow proxy before", format.Rough(cores))
		}
		f.Next = firstAid(n, t)
	case t.State == Slow:
		f.ID, f.Level = "half-range", Warning
		f.Text = fmt.Sprintf("%s: %s of %s ports are taken (%s): beyond half of them each connect() looks through one parity "+
			"first, which takes about %s; error 99 is not due at this load", pair, format.Grouped(t.Taken-t.Reusable),
			format.Grouped(*t.Tuples), t.by(), time.Duration(t.ConnectUs*1000).Round(10*time.Microsecond))
		f.Next = "use connections again (keepalive), or widen net.ipv4.ip_local_port_range"
	case t.State == Unknown && t.Tuples == nil && t.matters():
		f.ID, f.Level = "range-unknown", Warning
		f.Text = fmt.Sprintf("%s: %s ports are taken (%s), %s; of how many is not known, as the namespace may not be entered", pair,
			format.Grouped(t.Taken), t.by(), t.coming())
		f.Next = "look as root (CAP_SYS_ADMIN), or from inside it"
	case t.State == Unknown && t.matters():
		f.ID, f.Level = "too-little-history", Note
		f.Text = fmt.Sprintf("%s: %s of %s ports are taken by live connections, and none has been closed in the last minute: "+
			"one look cannot tell a pool that stays from a table that fills", pair, format.Grouped(t.live), format.Grouped(*t.Tuples))
		f.Next = "look again in a few seconds, or with --watch"
	default:
		return nil
	}
	return []Finding{f}
}

// coresAfterHalf is how many processor cores connect() needs at the rate of now once half
// of the range is taken.
func (t *Tuple) coresAfterHalf() float64 {
	return t.setup.RatePerS * t.setup.ConnectCostAfter().Seconds()
}

// by says what takes the ports.
func (t *Tuple) by() string {
	waiting := t.States[timeWait] - t.Reusable
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
		return format.Rough(t.now.LivePerS) + " more live connections a second: the backend has become slow, or nobody closes them"
	}
	text := fmt.Sprintf("%s more a second", format.Rough(t.TimeWaitsPerS))
	if t.TrendPerS2 != 0 {
		text += fmt.Sprintf(" and %+.2g each second", t.TrendPerS2)
	}
	return text + fmt.Sprintf(" (seen for %s)", format.About(t.HistoryS))
}

// firstAid is what helps at once, each tried in the lab, with its price.
func firstAid(n *NamespaceReport, t *Tuple) string {
	text := ""
	if n.Ports != nil && n.Ports.High-n.Ports.Low+1 < law.WideRange {
		text = "at once: " + n.enter + "sysctl -w net.ipv4.ip_local_port_range='1024 65535' (reserve the ports that servers there need); "
	}
	if m, ok := t.Mitigations["tw-reuse"]; ok && n.Sysctls["net.ipv4.tcp_tw_reuse"] != "1" && m.FirstError99S == nil {
		text += n.enter + "sysctl -w net.ipv4.tcp_tw_reuse=1 (ports come back after a second; needs timestamps at both ends); "
	}
	return text + "then: use connections again (keepalive)"
}

// findings are what to say of a namespace as a whole.
func (n *NamespaceReport) findings(s *Snapshot) (all []Finding) {
	say := func(id, level, next, text string, args ...any) {
		all = append(all, Finding{ID: id, Level: level, Namespace: n.Name, Text: n.Name + ": " + fmt.Sprintf(text, args...), Next: next})
	}
	if p := n.Ports; p != nil {
		if len(p.Bound) > 0 && len(n.Tuples) > 0 {
			say("bound-ports", Note, "move the listeners out of the range, or the range away from them",
				"%s of the range %d-%d %s taken by somebody who bound %s (%s): connect() skips %s towards every destination",
				format.Plural(len(p.Bound), "port"), p.Low, p.High, is(len(p.Bound)), it(len(p.Bound)), some(p.Bound), it(len(p.Bound)))
		}
		if whole := p.High - p.Low + 1; p.Reserved*10 >= whole && len(n.Tuples) > 0 {
			say("reserved-ports", Warning, "see net.ipv4.ip_local_reserved_ports",
				"%s of %s ports of the range are reserved: %s are left",
				format.Grouped(p.Reserved), format.Grouped(whole), format.Grouped(p.Usable))
		}
	}
	n.conntrackFinding(say)
	n.overflowFinding(s, say)
	n.inheritedFinding(s, say)
	if n.Sysctls["net.ipv4.tcp_tw_reuse"] == "1" && n.Sysctls["net.ipv4.tcp_timestamps"] == "0" {
		say("reuse-without-timestamps", Warning, "sysctl -w net.ipv4.tcp_timestamps=1",
			"net.ipv4.tcp_tw_reuse is 1 and does nothing, because net.ipv4.tcp_timestamps is 0")
	}
	return all
}

type sayer func(id, level, next, text string, args ...any)

func (n *NamespaceReport) conntrackFinding(say sayer) {
	c := n.Conntrack
	if c == nil || c.Max == 0 {
		return
	}
	share, fullest := float64(c.Taken)/float64(c.Max), 0.0
	for i := range n.Tuples {
		fullest = max(fullest, n.Tuples[i].share())
	}
	if share >= 0.5 && share > fullest {
		level := Warning
		if share >= 0.95 {
			level = Critical
		}
		say("conntrack-fuller", level, "raise net.netfilter.nf_conntrack_max, or keep these connections out of tracking (NOTRACK)",
			"the connection-tracking table is %s full (%s of %s), fuller than the ports (%s): when it is full, packets are dropped "+
				"and connect() times out (error 110) instead of failing with error 99",
			format.Percent(share), format.Grouped(c.Taken), format.Grouped(c.Max), format.Percent(fullest))
	}
}

func (n *NamespaceReport) overflowFinding(s *Snapshot, say sayer) {
	for i := range s.Namespaces {
		if from := &s.Namespaces[i]; from.Inode == n.Inode && from.Name == n.Name && from.Counters["time_wait_overflow"] > 0 {
			say("tw-overflow", Warning, "see net.ipv4.tcp_max_tw_buckets",
				"%s TIME_WAITs were dropped since the namespace began, as there were more than net.ipv4.tcp_max_tw_buckets = %s: "+
					"that hides a shortage of ports, and the protection of TIME_WAIT is lost for them",
				format.Grouped(from.Counters["time_wait_overflow"]), n.Sysctls["net.ipv4.tcp_max_tw_buckets"])
		}
	}
}

// inherited are the sysctls that somebody may have set on the host and expects in a
// container, with the kernel's defaults, which a new namespace begins with.
var inherited = map[string]string{
	"net.ipv4.ip_local_port_range":     "32768 60999",
	"net.ipv4.tcp_tw_reuse":            "2",
	"net.ipv4.ip_local_reserved_ports": "",
	"net.ipv4.tcp_fin_timeout":         "60",
}

func (n *NamespaceReport) inheritedFinding(s *Snapshot, say sayer) {
	at := slices.IndexFunc(s.Namespaces, func(x Namespace) bool { return x.Host && !x.Outside })
	if at < 0 || s.Namespaces[at].Inode == n.Inode || !n.Member || len(n.Tuples) == 0 {
		return
	}
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(inherited)) {
		host, hostHas := s.Namespaces[at].Sysctls[name]
		if own, has := n.Sysctls[name]; has && hostHas && own != host && own == inherited[name] {
			differ = append(differ, fmt.Sprintf("%s is %q, and %q on the host", name, own, host))
		}
	}
	if differ != nil {
		say("sysctl-not-inherited", Note, "set it for the container: docker run --sysctl, or securityContext.sysctls of a pod",
			"%s: a network namespace does not inherit it", format.List(differ))
	}
}

// nearest names the fullest pair where nothing is wrong.
func (r *Report) nearest() {
	var t *Tuple
	var in *NamespaceReport
	for i := range r.Namespaces {
		for j := range r.Namespaces[i].Tuples {
			if x := &r.Namespaces[i].Tuples[j]; x.Share != nil && (t == nil || *x.Share > *t.Share) {
				t, in = x, &r.Namespaces[i]
			}
		}
	}
	if t == nil || t.State != OK || *t.Share == 0 {
		return
	}
	text := fmt.Sprintf("nearest to full: %s → %s in %s, %s of %s ports (%s)", t.Source, t.Destination, in.Name,
		format.Grouped(t.Taken-t.Reusable), format.Grouped(*t.Tuples), format.Percent(*t.Share))
	level, next := Note, "nothing to do"
	if *t.SteadyTaken > law.SteadyRho*float64(*t.Tuples) {
		level, next = Warning, "use connections again (keepalive), or widen the range: there is no margin"
		text += fmt.Sprintf("; at %s it comes to hold %s of them", t.coming(), format.Grouped(*t.SteadyTaken))
	}
	r.Findings = append(r.Findings, Finding{
		ID: "nearest", Level: level, Namespace: in.Name, Source: t.Source, Destination: t.Destination, Text: text, Next: next,
	})
}

func is(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func it(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// some are the first few of many ports.
func some(ports []uint16) string {
	const shown = 5
	var all []string
	for _, p := range ports[:min(len(ports), shown)] {
		all = append(all, fmt.Sprint(p))
	}
	if len(ports) > shown {
		all = append(all, fmt.Sprintf("%d more", len(ports)-shown))
	}
	return format.List(all)
}
