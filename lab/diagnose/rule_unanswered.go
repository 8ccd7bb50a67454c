package diagnose

import (
	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// leastUnanswered is how many connections must wait for an answer so that it is no chance.
const leastUnanswered = 5

// unanswered: SYNs are dropped on the way, as a NAT or a firewall does whose table is full.
// The host has ports, and the error is 110 and not 99.
func unanswered(v *view) {
	for i := range v.Tuples {
		t := &v.Tuples[i]
		waiting := t.States[results.StateSynSent]
		if waiting < leastUnanswered || 2*waiting < t.live || t.State == Exhausted {
			continue
		}
		of := ""
		if t.Tuples != nil {
			of = " of " + format.Grouped(*t.Tuples)
		}
		v.sayOf(t, Warning, "is the backend up (curl, tcpdump)? On a NAT: conntrack -S, its ports per host; "+
			"at the backend: nstat -az TcpExtListenDrops",
			"%s of %s live connections wait for an answer to their SYN, while ports are free (%s%s are taken): "+
				"it is dropped on the way, by a NAT or connection tracking that is full or a firewall, "+
				"or the backend is down or its backlog full; the error is 110 (timed out), and not 99",
			format.Grouped(waiting), format.Grouped(t.live), format.Grouped(t.Taken-t.Reusable), of)
	}
}
