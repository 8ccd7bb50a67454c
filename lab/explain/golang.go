package explain

import "strings"

// goForms are what net.OpError prints: the operation, the network, the source
// where one was asked for, the destination, and the call.
var goForms = []rule{
	// getsockopt: before Go 1.10
	form(CallConnect, 0,
		`\bdial tcp[46]? (?:`+theSrc+`->)?`+theDst+`: (?:(?:connect(?:ex)?|getsockopt): )?`+theWords),
	// A UDP socket that gets no port fails with errno 11 (inet_autobind, net/ipv4/af_inet.c).
	form(CallConnect, errAgain,
		`\bdial udp[46]? (?:`+target+`->)?`+theDst+`: connect: resource temporarily unavailable`),
	form(CallBind, 0, `\bdial (?:tcp|udp)[46]? `+theSrc+`->`+theDst+`: bind: `+theWords),
	form(CallSocket, 0, `\bdial (?:tcp|udp)[46]? (?:`+target+`->)?`+theDst+`: socket: `+theWords),
	form(CallConnect, 0, `\bdial (?:tcp|udp)[46]? (?:`+theSrc+`->)?`+theDst+`: (?P<words>i/o timeout)`),
	form(CallConnect, 0, `\bdial unix (?P<dst>[@\w./:-]+): connect: `+theWords),
	form(CallListen, 0, `\blisten (?:tcp|udp)[46]? `+theSrc+`: (?:bind|listen): `+theWords),
	form(CallOther, 0, `\b(?:read|write) tcp[46]? `+theSrc+`->`+theDst+`: (?:read|write): `+theWords),
	form(CallSocket, 0, `\baccept (?:tcp)[46]? \S+: accept4?: `+theWords),
}

var goMarks = []string{
	"dial tcp", "dial udp", "dial unix", "listen tcp", "listen udp", "accept tcp", "read tcp", "write tcp",
}

var goDialect = dialect{
	name:  "Go",
	marks: goMarks,
	words: true,
	read:  func(rec record) (Reading, bool) { return readGo(rec, "") },
}

// readGo reads a line of a program in Go.
func readGo(rec record, program string) (Reading, bool) {
	r, ok := match(rec.text, goForms)
	r.Program = program
	if strings.HasPrefix(r.Destination, ":") {
		r.Destination = "localhost" + r.Destination // dial tcp :9999 goes to the host itself
	}
	return r, ok
}
