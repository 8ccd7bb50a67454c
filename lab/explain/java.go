package explain

import (
	"regexp"
	"strings"
)

const javaHow = `connect failed|Bind failed|Address not available|Host unreachable`

// Java's exceptions do not tell the call: BindException is thrown of connect(),
// too. Three things do: what JDK 8 to 12 put behind the words, Netty's and Apache's own
// words, and the frames below.
var (
	javaException = regexp.MustCompile(`\b(?:java\.net\.|Annotated)?(?:Bind|Connect|NoRouteToHost|Socket)Exception\b`)
	javaWords     = compiled(theWords + `(?: \((?P<how>` + javaHow + `)\))?`)
	javaForms     = []rule{
		form(CallConnect, 0, `\bAnnotated\w+Exception: `+
			`(?:connect\(\.\.\) failed: |finishConnect\(\.\.\) failed: )?`+theWords+`: (?:[\w.-]*/)?`+theDst),
		form(CallConnect, 0, `\bConnect to \S+ \[(?:[\w.-]*/)?(?P<dst>[\w.:%-]+)[^\]]*\] failed: `+theWords),
		form(CallConnect, 0, `\bcaught when (?:processing request|connecting) to `+
			`\{[^}]*\}->(?P<dst>[\w.:/-]+): `+theWords),
		form(CallConnect, 0, theWords+` \(connect failed\)`),
	}
	// bind() throws neither.
	javaOfConnect = regexp.MustCompile(`\b(?:Annotated)?(?:HttpHost)?(?:Connect|NoRouteToHost)Exception\b`)
	javaConnects  = regexp.MustCompile(`\b(?:Net\.connect0?|socketConnect|doConnect|finishConnect|pollConnectNow)\(`)
	javaBinds     = regexp.MustCompile(`\b(?:Net\.bind0?|socketBind|doBind)\(`)
	javaServer    = regexp.MustCompile(`\bServerSocket`)
)

var javaDialect = dialect{
	name:  "Java",
	marks: []string{"exception", "(connect failed)", "failed: "},
	words: true,
	read: func(rec record) (Reading, bool) {
		if r, ok := match(rec.text, javaForms); ok {
			return r, true
		}
		if !javaException.MatchString(rec.text) {
			return Reading{}, false
		}
		m := javaWords().FindStringSubmatch(rec.text)
		if m == nil {
			if strings.Contains(strings.ToLower(rec.text), elsewhere) {
				return Reading{Foreign: true}, true
			}
			return Reading{}, false
		}
		r := Reading{Errno: errnoOf(m[1])}
		switch how := m[2]; {
		case how == "Bind failed":
			r.Call = CallBind
		case how != "": // PlainSocketImpl.socketConnect of JDK 8 to 12
			r.Call = CallConnect
		case javaConnects.MatchString(rec.after):
			r.Call = CallConnect
		case javaBinds.MatchString(rec.after):
			r.Call = CallBind
		case javaOfConnect.MatchString(rec.text):
			r.Call = CallConnect
		case r.Errno != errNotAvailable && r.Errno != errInUse:
			r.Call = CallConnect // of the others, ConnectException and its like
		}
		if r.Call == CallBind && javaServer.MatchString(rec.after) {
			r.Call = CallListen
		}
		return r, true
	},
}
