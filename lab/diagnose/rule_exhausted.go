package diagnose

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// exhausted: connect() fails.
func exhausted(v *view) {
	for i := range v.Tuples {
		t := &v.Tuples[i]
		if t.State != Exhausted {
			continue
		}
		call, errno := t.failure()
		text := fmt.Sprintf("%s, so %s fails with error %d now", t.taken(), call, errno)
		if t.FreesS != nil {
			text += fmt.Sprintf("; the first one comes free in about %s", format.About(*t.FreesS))
		}
		if t.HealsS != nil && *t.HealsS > 0 {
			text += fmt.Sprintf("; if the load stopped now, half of them would be free in %s", format.About(*t.HealsS))
		}
		v.sayOf(t, Critical, firstAid(v, t), "%s", text)
	}
}

// runningOut: connect() will fail if the load goes on.
func runningOut(v *view) {
	for i := range v.Tuples {
		t := &v.Tuples[i]
		if t.State != RunningOut {
			continue
		}
		level := Critical
		if *t.FirstError99S > v.horizon.Seconds() {
			level = Warning
		}
		call, errno := t.failure()
		text := fmt.Sprintf("%s, %s: the first error %d is due %s; they bear %s a second", t.taken(), t.coming(), errno,
			t.fails(), format.Rough(*t.SafePerS))
		switch cores := t.coresAfterHalf(); {
		case cores > 1 && v.snapshot.Cores > 0:
			text += fmt.Sprintf("; from half of them on, %s, %s needs %s cores at this rate, and this machine has %d: "+
				"for each that the proxy gets it makes %s a second, and is slow; with one, error %d comes ",
				t.when(t.HalfRangeS, "now"), call,
				format.Rough(cores), v.snapshot.Cores, format.Rough(t.setup.ConnectCeiling()), errno)
			if t.InDoubt {
				text += "never"
			} else {
				text += "last"
			}
		case cores > 0.5:
			text += fmt.Sprintf("; from half of them on %s needs %s cores at this rate, "+
				"and where the proxy has fewer it comes later, with a slow proxy before", call, format.Rough(cores))
		case t.FirstError99LatestS != nil && t.setup.ReuseWholeSeconds:
			text += "; this kernel's tcp_tw_reuse gives ports back at the full second of its clock, " +
				"and when that comes decides"
		}
		v.sayOf(t, level, firstAid(v, t), "%s", text)
	}
}

// coresAfterHalf is how many processor cores connect() needs at the rate of now once half
// of the range is taken.
func (t *Tuple) coresAfterHalf() float64 {
	return t.setup.RatePerS * t.setup.ConnectCostAfter().Seconds()
}

// firstAid is what helps at once, each tried in the lab, with its price.
func firstAid(v *view, t *Tuple) string {
	var all []string
	if v.Ports != nil && v.Ports.High-v.Ports.Low+1 < law.WideRange {
		all = append(all, "at once: "+v.enter+"sysctl -w net.ipv4.ip_local_port_range='1024 65535' "+
			"(reserve the ports that servers there need)")
	}
	if m, ok := t.Mitigations["tw-reuse"]; ok && v.Sysctls["net.ipv4.tcp_tw_reuse"] != "1" && m.FirstError99S == nil {
		all = append(all, v.enter+"sysctl -w net.ipv4.tcp_tw_reuse=1 "+
			"(ports come back after a second; needs timestamps at both ends)")
	}
	if !t.BindsFirst {
		all = append(all, "another address or port of the backend (as many ports again)")
	}
	if t.State == Exhausted && t.States[results.StateTimeWait] > 0 && !t.BindsFirst {
		all = append(all, fmt.Sprintf("%sss -K state time-wait dst '%s' "+
			"(gives the ports back for once; a late segment of an old connection may reach a new one)",
			v.enter, t.Destination))
	}
	return strings.Join(append(all, "then: "+v.seen.useAgain()), "; ")
}
