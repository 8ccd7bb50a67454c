package explain

import (
	"regexp"
	"strings"
)

const (
	pythonNumber = `\[Errno (?P<errno>\d+)\]`
	pythonPair   = `\('(?P<host>[^']+)', (?P<port>\d+)` // of a host and a port
	urllibFailed = `: Failed to establish a new connection: ` + pythonNumber
)

var pythonForms = []rule{
	// asyncio, a server
	form(CallListen, 0, pythonNumber+` error while attempting to bind on address `+pythonPair),
	// CherryPy's server
	form(CallListen, 0, `\bNo socket could be created -- \(`+pythonPair+`\): `+pythonNumber),
	// asyncio, a client
	form(CallConnect, 0, pythonNumber+` Connect call failed `+pythonPair),
	// urllib3 and what stands on it
	form(CallConnect, 0, `\bHTTPS?Connection(?:Pool)?\(host='(?P<host>[^']+)', port=(?P<port>\d+)\).*`+urllibFailed),
	form(CallConnect, 0, urllibFailed),
	// aiohttp
	form(CallConnect, 0, `\bCannot connect to host `+theDst+
		` ssl:\S+ \[(?:Multiple exceptions: |\[Errno \d+\] )?`+theWords),
	// redis-py
	form(CallConnect, 0, `\bError (?P<errno>\d+) connecting to (?P<dst>[\w.:\[\]%-]*\w)\. `),
	// urllib, httpx and httpcore, which name no destination
	form(CallConnect, 0, `<urlopen error \[Errno (?P<errno>\d+)\]`),
	form(CallConnect, 0, `\b(?:Connect|NewConnection)Error: .*\[Errno (?P<errno>\d+)\]`),
}

var (
	pythonErrno    = regexp.MustCompile(`\[Errno (\d+)\] (\S.*)|\b(?:OSError|socket\.error|error)\((\d+), `)
	pythonConnects = regexp.MustCompile(`\.(?:connect|connect_ex|create_connection)\(`)
	pythonServer   = regexp.MustCompile(`\.bind\((?:self\.server_address|addr\b|\(?host)|\.listen\(`)
)

// pythonDialect: an OSError names the errno and not the call, which the line of
// the program above it does in a traceback.
var pythonDialect = dialect{
	name:  "Python",
	marks: []string{"errno ", "error(", "error 1", "error 9", "cannot connect to host"},
	read:  readPython,
}

func readPython(rec record) (Reading, bool) {
	if r, ok := match(rec.text, pythonForms); ok {
		return r, true
	}
	m := pythonErrno.FindStringSubmatch(rec.text)
	if m == nil {
		return Reading{}, false
	}
	r := Reading{Errno: number(m[1] + m[3])}
	if errnoNames[r.Errno] == "" { // 2, no such file: not about connections
		r.Foreign = r.Errno == 49 && strings.Contains(m[2], "ssign requested address")
		return r, r.Foreign
	}
	switch {
	case pythonServer.MatchString(rec.before):
		r.Call = CallListen
	case pythonConnects.MatchString(rec.before):
		r.Call = CallConnect
	case strings.Contains(rec.before, ".bind("):
		r.Call = CallBind
	}
	return r, true
}
