package explain

import (
	"slices"
	"strings"
)

// traefikDialect is Traefik's debug log, in both of its formats: "502 Bad
// Gateway" and, beside it, Go's words.
var traefikDialect = dialect{name: "traefik", marks: goMarks, words: true, read: func(rec record) (Reading, bool) {
	says := func(s string) bool {
		return strings.Contains(s, "502 Bad Gateway") || strings.Contains(s, "'502 Bad Gateway'")
	}
	if !says(rec.text) && !slices.ContainsFunc(rec.other, says) {
		return Reading{}, false
	}
	return readGo(rec, "traefik")
}}
