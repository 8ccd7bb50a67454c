package explain

import (
	"regexp"
	"strings"
)

const nodeLocal = `(?: - Local \((?P<src>[\w.:%-]+)\))?`

// nodeForms are what Node.js prints: the call, the errno's name, the destination,
// and where the socket was bound.
var nodeForms = []rule{
	form(CallConnect, 0, `\bconnect (?P<words>E[A-Z]+) (?P<host>[\w.:%-]+):(?P<port>\d+)`+nodeLocal),
	form(CallConnect, 0, `\bconnect (?P<words>E[A-Z]+) (?P<dst>/\S+)`),
	form(CallConnect, 0, `\bconnect (?P<words>E[A-Z]+)(?: (?P<host>[\w.:%-]+))?`+nodeLocal),
	form(CallListen, 0, `\blisten (?P<words>E[A-Z]+)(?:: [\w ]+)?(?: (?P<src>[\w.:%-]+))?`),
	form(CallBind, 0, `\bbind (?P<words>E[A-Z]+)(?: (?P<src>[\w.:%-]+))?`),
	form(CallSocket, 0, `\baccept (?P<words>E[A-Z]+)`),
}

var (
	nodeCode    = regexp.MustCompile(`\bcode: '(E[A-Z]+)'`)
	nodeSyscall = regexp.MustCompile(`\bsyscall: '(\w+)'`)
)

var nodeDialect = dialect{name: "Node.js", words: true, read: func(rec record) (Reading, bool) {
	if r, ok := match(rec.text, nodeForms); ok && r.Errno != 0 {
		if strings.HasPrefix(r.Source, "0.0.0.0") || strings.HasPrefix(r.Source, ":::") || r.Source == "::" {
			if r.Call != CallListen {
				r.Source = "" // not bound
			}
		}
		return r, true
	}
	code := nodeCode.FindStringSubmatch(rec.text)
	if code == nil || errnoOf(code[1]) == 0 {
		return Reading{}, false
	}
	r := Reading{Errno: errnoOf(code[1])}
	if call := nodeSyscall.FindStringSubmatch(rec.text); call != nil {
		switch call[1] {
		case "connect":
			r.Call = CallConnect
		case "bind":
			r.Call = CallBind
		case "listen":
			r.Call = CallListen
		}
	}
	return r, true
}}
