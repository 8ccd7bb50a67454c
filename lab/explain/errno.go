package explain

import (
	"regexp"
	"strings"
)

// The numbers are Linux's (include/uapi/asm-generic/errno.h), on every machine
// that Docker runs on.
const (
	errAgain        = 11
	errFilesAll     = 23
	errFiles        = 24
	errInUse        = 98
	errNotAvailable = 99
	errNetwork      = 101
	errReset        = 104
	errTimedOut     = 110
	errRefused      = 111
	errHost         = 113
)

var errnoNames = map[int]string{
	errAgain:        "EAGAIN",
	errFilesAll:     "ENFILE",
	errFiles:        "EMFILE",
	errInUse:        "EADDRINUSE",
	errNotAvailable: "EADDRNOTAVAIL",
	errNetwork:      "ENETUNREACH",
	errReset:        "ECONNRESET",
	errTimedOut:     "ETIMEDOUT",
	errRefused:      "ECONNREFUSED",
	errHost:         "EHOSTUNREACH",
}

// errnoWords are how errors are called in words: by glibc, by musl where it
// differs, by Go and Rust where they differ, and by their names. The longer words
// stand before those that they contain.
var errnoWords = []struct {
	words string
	errno int
}{
	{"cannot assign requested address", errNotAvailable},
	{"address not available", errNotAvailable},
	{"addrnotavailable", errNotAvailable},
	{"eaddrnotavail", errNotAvailable},
	{"address already in use", errInUse},
	{"address in use", errInUse},
	{"addrinuse", errInUse}, // EADDRINUSE, too
	{"connection refused", errRefused},
	{"connectionrefused", errRefused},
	{"econnrefused", errRefused},
	{"connection timed out", errTimedOut},
	{"operation timed out", errTimedOut},
	{"i/o timeout", errTimedOut},
	{"connect timed out", errTimedOut},
	{"etimedout", errTimedOut},
	{"no route to host", errHost},
	{"host is unreachable", errHost},
	{"host unreachable", errHost},
	{"ehostunreach", errHost},
	{"network is unreachable", errNetwork},
	{"network unreachable", errNetwork},
	{"enetunreach", errNetwork},
	{"connection reset by peer", errReset},
	{"econnreset", errReset},
	{"too many open files in system", errFilesAll},
	{"enfile", errFilesAll},
	{"too many open files", errFiles},
	{"no file descriptors available", errFiles},
	{"emfile", errFiles},
	{"resource temporarily unavailable", errAgain},
	{"eagain", errAgain},
}

// words is an expression for any of errnoWords, in small letters or not, with
// blanks or, as Envoy has it in its access log, underscores.
var words = func() string {
	var all []string
	for _, w := range errnoWords {
		all = append(all, strings.ReplaceAll(regexp.QuoteMeta(w.words), " ", "[ _]"))
	}
	return `(?i:` + strings.Join(all, "|") + `)`
}()

var anyWords = compiled(words)

// errnoOf is the errno of words; 0 is none that is known.
func errnoOf(s string) int {
	s = strings.ReplaceAll(strings.ToLower(s), "_", " ")
	for _, w := range errnoWords {
		if strings.Contains(s, w.words) {
			return w.errno
		}
	}
	return 0
}

// hasWords tells whether a text in small letters has words of an error.
func hasWords(lower string) bool {
	for _, w := range errnoWords {
		if strings.Contains(lower, w.words) {
			return true
		}
	}
	return strings.Contains(lower, elsewhere)
}

// elsewhere is EADDRNOTAVAIL in the words of macOS and the BSDs, where it is 49.
const elsewhere = "can't assign requested address"
