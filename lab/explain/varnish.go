package explain

import "regexp"

// varnishFailed is a FetchError of varnishlog or of varnishncsa's %{VSL:FetchError}x.
var varnishFailed = regexp.MustCompile(`\bbackend (?P<peers>[\w.-]+(?:\([^)]*\))?): ` +
	`(?:fail errno (?P<errno>\d+) \(|(?P<down>unhealthy))`)

// varnishDialect: errno 0 is what Varnish logs while it holds a backend down
// after a failure, without a connect() (backend_local_error_holddown).
var varnishDialect = dialect{
	name:  "varnish",
	marks: []string{"fail errno", "unhealthy"},
	read:  readVarnish,
	own:   own{takesOut: " (backend_local_error_holddown, 10 s)"},
}

func readVarnish(rec record) (Reading, bool) {
	m := varnishFailed.FindStringSubmatch(rec.text)
	if m == nil {
		return Reading{}, false
	}
	r := Reading{Call: CallConnect, Errno: number(m[2]), Peers: m[1]}
	if r.Errno == 0 {
		r.Call = CallNone
	}
	return r, true
}
