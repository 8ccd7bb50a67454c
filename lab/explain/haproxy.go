package explain

import "regexp"

// haproxyFull is what HAProxy makes of EAGAIN and EADDRNOTAVAIL of connect(), and
// of nothing else (tcp_connect_server, src/proto_tcp.c).
var haproxyFull = regexp.MustCompile(`\bConnect\(\) failed for (?:backend|server) (?P<peers>[\w./:-]+): no free ports`)

var haproxyForms = []rule{
	form(CallConnect, errInUse, `\bConnect\(\) failed for (?:backend|server) (?P<peers>[\w./:-]+): local address already in use`),
	// The ports of "source IP:LOW-HIGH", which HAProxy hands out itself, or an address that is not there.
	form(CallBind, 0, `\bCannot bind to (?:tproxy )?source address before connect\(\) for (?:backend|server|proxy) (?P<peers>[\w./:-]*\w)`),
	form(CallListen, 0, `\bcannot bind (?:UNIX )?socket (?:\((?P<words>`+words+`)\) )?(?:for )?\[(?P<src>[^\]]+)\]`),
	form(CallNone, 0, `\b(?:backend|proxy) (?P<peers>[\w./:-]+) has no server available!`),
	form(CallNone, 0, `\bServer (?P<peers>[\w.:-]+/[\w.:-]+) is DOWN\b`),
	// A line of traffic: SC, the server's connection failed in the phase C.
	form(CallConnect, 0, ` (?P<peers>[\w.:-]+/[\w.:-]+) [\d/+-]+ 503 \d+ - - SC[-\w]{2} \d+/`),
}

var haproxyDialect = dialect{name: "haproxy", marks: []string{"connect() failed for", "cannot bind", "has no server available", " is down", " 503 "}, read: func(rec record) (Reading, bool) {
	if m := haproxyFull.FindStringSubmatch(rec.text); m != nil {
		return Reading{Call: CallConnect, Errno: errNotAvailable, Peers: m[1], NoPorts: true}, true
	}
	return match(rec.text, haproxyForms)
}}
