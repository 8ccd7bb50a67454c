package explain

import "regexp"

var squidForms = []rule{
	// The header of an error page; cache.log has no errno.
	form(CallConnect, 0, `\bX-Squid-Error: ERR_CONNECT_FAIL (?P<errno>\d+)`),
	form(CallNone, 0, `\bDetected DEAD Parent: (?P<peers>[\w.:-]+)`),
}

var (
	squidTCP  = regexp.MustCompile(`\bTCP connection to ([\w.:-]+)/(\d+) failed`)
	squidBind = regexp.MustCompile(`\bcommBind:? Cannot bind socket (?:FD \d+|\S+) to (` + target + `): \((\d+)\)`)
)

var squidDialect = dialect{
	name:  "squid",
	marks: []string{"err_connect_fail", "dead parent", "tcp connection to", "commbind"},
	read:  readSquid,
	own: own{
		setsSource: " (tcp_outgoing_address)",
		hasErrno:   ": the header X-Squid-Error of the reply has it, as ERR_CONNECT_FAIL 99",
	},
}

func readSquid(rec record) (Reading, bool) {
	if m := squidTCP.FindStringSubmatch(rec.text); m != nil {
		return Reading{Call: CallConnect, Destination: hostPort(m[1], m[2])}, true
	}
	if m := squidBind.FindStringSubmatch(rec.text); m != nil {
		r := Reading{Call: CallListen, Source: m[1], Errno: number(m[2])}
		if anyPort(m[1]) {
			r.Call = CallBind // no port of its own: it is for a connection
		}
		return r, true
	}
	return match(rec.text, squidForms)
}
