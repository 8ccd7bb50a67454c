package httpd

import (
	"bytes"
	"regexp"

	"github.com/lab99/lab99/lab/probe"
)

// ErrorLog reads Apache's error log.
func (Reverse) ErrorLog() probe.Log { return &errorLog{failed: map[string]bool{}} }

// errorLog remembers the threads that wrote an AH00957, until their AH01114.
type errorLog struct{ failed map[string]bool }

// lineRE takes a line apart into level, thread, client and text:
//
//	[Sun Nov 29 21:07:34.123456 2026] [proxy:error] [pid 7:tid 9] (99)Cannot assign requested address:
//	AH00957: http: attempt to connect to 198.18.0.3:80 (198.18.0.3:80) failed
//
// but without the break.
// https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat
var lineRE = regexp.MustCompile(`^\[\w{3} \w{3} +\d+ [\d:.]+ \d{4}\] ` + // the moment
	`\[\w*:(\w+)\] \[(pid [^]]*)\] (\[client [^]]*\] )?(?:\[remote [^]]*\] )?(.*)`)

// addressRE is a backend or a client in a text.
var addressRE = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b`)

// Apache's numbers of what it says, in modules/proxy/proxy_util.c, mod_proxy_balancer.c
// and mod_proxy_http.c. A failed connect() has an AH00957 with its errno, and then an
// AH01114 by the same thread, which has none. An AH01114 alone is of a request that came to
// its worker as another put it into error state. AH00956 is the bind() before connect(),
// which is tried all the same and has a line of its own.
var (
	connectFailed = []byte("AH00957:")
	noConnection  = []byte("AH01114:")
	saidAgain     = [][]byte{[]byte("AH00956:"), []byte("AH00898:")}
	// A worker, and all of a balancer's, in error state.
	notTried     = [][]byte{[]byte("AH00940:"), []byte("AH01170:")}
	noStatusLine = []byte("AH01102:") // the backend closed instead of answering
	limits       = [][]byte{[]byte(noWorkers), []byte("AH03490:"), []byte(noDescriptors)}
)

// Classify reads one line.
func (l *errorLog) Classify(line []byte) probe.Class {
	m := lineRE.FindSubmatch(line)
	if m == nil {
		return probe.ClassForeign
	}
	thread, text := string(m[2]), m[4]
	switch level := string(m[1]); {
	case level != "error" && level != "crit" && level != "alert" && level != "emerg", containsAny(text, saidAgain):
		return probe.ClassNotice
	case containsAny(text, limits):
		return probe.ClassOwnLimit
	case bytes.Contains(text, noConnection) && l.failed[thread]:
		delete(l.failed, thread)
		return probe.ClassNotice
	case bytes.Contains(text, noConnection), containsAny(text, notTried):
		return probe.ClassNoLiveUpstreams
	case bytes.Contains(text, connectFailed):
		l.failed[thread] = true
		return byErrno(text)
	case bytes.Contains(text, noStatusLine):
		return byErrno(text)
	case len(m[3]) > 0:
		return probe.ClassRequest
	}
	return probe.ClassProcess
}

// byErrno tells a failed connect() or read by its errno, which comes first.
func byErrno(text []byte) probe.Class {
	switch errno, _, _ := bytes.Cut(text, []byte(")")); string(errno) {
	case "(99":
		return probe.ClassError99
	case "(104":
		return probe.ClassReset
	case "(110", "(70007": // APR_TIMEUP
		return probe.ClassTimedOut
	case "(111":
		return probe.ClassRefused
	case "(70014", "(20014": // APR_EOF, APR_EGENERAL
		return probe.ClassPrematureClose
	}
	return probe.ClassRequest
}

func containsAny(text []byte, words [][]byte) bool {
	for _, w := range words {
		if bytes.Contains(text, w) {
			return true
		}
	}
	return false
}

// AppendMessage appends a line's level and text, without addresses.
func (*errorLog) AppendMessage(b, line []byte) []byte {
	m := lineRE.FindSubmatch(line)
	if m == nil {
		return append(b, line...)
	}
	b = append(b, '[')
	b = append(b, m[1]...)
	b = append(b, "] "...)
	return append(b, addressRE.ReplaceAll(m[4], []byte("…"))...)
}
