package explain

const haproxyFailed = `\bConnect\(\) failed for (?:backend|server) (?P<peers>[\w./:-]+): `

var haproxyForms = []rule{
	// EAGAIN and EADDRNOTAVAIL of connect(), whatever their cause (tcp_connect_server, src/proto_tcp.c).
	form(CallConnect, errNotAvailable, haproxyFailed+`no free ports`),
	form(CallConnect, errInUse, haproxyFailed+`local address already in use`),
	// The ports of "source IP:LOW-HIGH", which HAProxy hands out itself, or an address that is not there.
	form(CallBind, 0, `\bCannot bind to (?:tproxy )?source address before connect\(\) for `+
		`(?:backend|server|proxy) (?P<peers>[\w./:-]*\w)`),
	form(CallListen, 0, `\bcannot bind (?:UNIX )?socket (?:\(`+theWords+`\) )?(?:for )?\[(?P<src>[^\]]+)\]`),
	form(CallNone, 0, `\b(?:backend|proxy) (?P<peers>[\w./:-]+) has no server available!`),
	form(CallNone, 0, `\bServer (?P<peers>[\w.:-]+/[\w.:-]+) is DOWN\b`),
	// A line of traffic: SC, the server's connection failed in the phase C.
	form(CallConnect, 0, ` (?P<peers>[\w.:-]+/[\w.:-]+) [\d/+-]+ 503 \d+ - - SC[-\w]{2} \d+/`),
}

var haproxyDialect = dialect{
	name:  "haproxy",
	marks: []string{"connect() failed for", "cannot bind", "has no server available", " is down", " 503 "},
	read:  forms(haproxyForms...),
	own: own{
		setsSource: " (source)", setsFiles: ", maxconn", takesOut: " (checks)",
		hasErrno: ": a line \"Connect() failed for …\" beside it has the reason",
	},
}
