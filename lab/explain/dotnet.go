package explain

import (
	"regexp"
	"strings"
)

// dotnetForms: since .NET 5, a failed connect() has its destination behind the
// words, as an address or, of HttpClient, as a name in brackets.
var dotnetForms = []rule{
	form(CallConnect, 0, `\bSocketException(?: \(\d+\))?: `+theWords+` (?P<dst>[\[\w][\w.:\[\]%-]*:\d+)`),
	form(CallConnect, 0, `\b(?:HttpRequestException|SocketException): `+theWords+` \(`+theDst+`\)`),
	form(CallListen, 0, `\bFailed to bind to address (?P<src>[\w.:/\[\]-]*[\w\]]): `+theWords),
}

var dotnetSocket = regexp.MustCompile(`\bSocketException \((?P<errno>\d+)\)`)

var dotnetDialect = dialect{
	name:  ".NET",
	marks: []string{"socketexception", "httprequestexception", "failed to bind to address"},
	words: true,
	read: func(rec record) (Reading, bool) {
		if r, ok := match(rec.text, dotnetForms); ok {
			return r, true
		}
		if m := dotnetSocket.FindStringSubmatch(rec.text); m != nil && errnoNames[number(m[1])] != "" {
			r := Reading{Errno: number(m[1])}
			switch {
			case strings.Contains(rec.after, "ConnectAsync(") || strings.Contains(rec.after, "Socket.Connect("):
				r.Call = CallConnect
			case strings.Contains(rec.after, "Kestrel") || strings.Contains(rec.after, "TcpListener"):
				r.Call = CallListen
			case strings.Contains(rec.after, "Socket.Bind(") || strings.Contains(rec.after, "Socket.DoBind("):
				r.Call = CallBind
			}
			return r, true
		}
		return Reading{}, false
	},
}
