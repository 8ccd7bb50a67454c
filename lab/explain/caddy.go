package explain

import "strings"

// caddyDialect is Caddy's structured log: the words are Go's.
var caddyDialect = dialect{name: "caddy", marks: goMarks, words: true, read: func(rec record) (Reading, bool) {
	if !strings.HasPrefix(rec.logger, "http.log.error") &&
		!strings.HasPrefix(rec.logger, "http.handlers.reverse_proxy") {
		return Reading{}, false
	}
	return readGo(rec, "caddy")
}}
