package explain

import "regexp"

// stamps are the times that lines begin with. They are repeated as they stand:
// most have no zone, and a log is told from its first line to its last.
var stamps = []*regexp.Regexp{
	// nginx 2026/11/23 04:42:27, Go's log, Squid
	regexp.MustCompile(`^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?)`),
	// ISO 8601, Envoy with brackets, Java and Python with a comma
	regexp.MustCompile(`^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)`),
	// Apache [Sat Jul 08 17:32:14.669040 2017]
	regexp.MustCompile(`^\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\]`),
	// HAProxy by itself: [ALERT] 327/044227
	regexp.MustCompile(`^\[[A-Z]+\] (\d{3}/\d{6}) `),
}

// cleanStamp is what a time in a field of its own may look like.
var cleanStamp = regexp.MustCompile(`^\[?[\d][\w/.:+, -]{3,40}\]?$`)

func stampOf(text string) string {
	for _, re := range stamps {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}
