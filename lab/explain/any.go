package explain

import (
	"regexp"
	"strings"
)

var (
	anyConnects = regexp.MustCompile(`(?i)\bconnect(?:\(\)|ing|ion)?\b`)
	anyBinds    = regexp.MustCompile(`(?i)\bbind(?:\(\)|ing)?\b`)
	anyListens  = regexp.MustCompile(`(?i)\blisten(?:\(\)|ing|er)?\b`)
)

// anyDialect takes the words of errno 99 and 98 wherever they stand, and says so:
// whose line it is is not known, and whether the words are the program's own is
// not known either. Other errors are too common to be guessed at.
var anyDialect = dialect{words: true, read: func(rec record) (Reading, bool) {
	r := Reading{Guess: true}
	text := strings.ToLower(rec.text)
	if m := anyWords().FindString(text); m != "" {
		r.Errno = errnoOf(m)
	}
	if strings.Contains(text, elsewhere) {
		r.Errno, r.Foreign = 0, true
	}
	if r.Errno != errNotAvailable && r.Errno != errInUse && !r.Foreign {
		return Reading{}, false
	}
	connects, binds, listens := anyConnects.MatchString(text), anyBinds.MatchString(text), anyListens.MatchString(text)
	switch {
	case listens:
		r.Call = CallListen
	case binds && !connects:
		r.Call = CallBind
	case connects && !binds:
		r.Call = CallConnect
	}
	return r, true
}}
