package explain

import (
	"regexp"
	"strings"
)

var (
	rustErrno    = regexp.MustCompile(`\(os error (\d+)\)|\bOs \{ code: (\d+), kind: `)
	rustListens  = regexp.MustCompile(`(?i)\blisten(?:er)?\b|TcpListener|UdpSocket`)
	rustConnects = regexp.MustCompile(`(?i)\btcp connect error\b|kind: Connect\b|` +
		`\bError\(Connect\b|\btrying to connect\b`)
)

// rustDialect: io::Error names the errno and not the call; hyper's words do.
var rustDialect = dialect{
	name:  "Rust",
	marks: []string{"os error", "os { code"},
	read:  readRust,
}

func readRust(rec record) (Reading, bool) {
	m := rustErrno.FindStringSubmatch(rec.text)
	if m == nil {
		return Reading{}, false
	}
	r := Reading{Errno: number(m[1] + m[2])}
	if errnoNames[r.Errno] == "" {
		r.Foreign = r.Errno == 49 && strings.Contains(rec.text, "ssign requested address")
		return r, r.Foreign
	}
	switch {
	case rustConnects.MatchString(rec.text):
		r.Call = CallConnect
	case rustListens.MatchString(rec.text):
		r.Call = CallListen
	}
	return r, true
}
