package probe

import "bytes"

// Class is what a line of nginx's error log says.
type Class uint8

const (
	ClassNotice          Class = iota // below the level error: nothing failed
	ClassError99                      // connect() found no free source port, or no such source address
	ClassNoLiveUpstreams              // every peer was marked down before: no connect() was tried
	ClassRefused                      // errno 111
	ClassReset                        // errno 104
	ClassTimedOut                     // errno 110
	ClassPrematureClose               // the backend closed before it had answered
	ClassRequest                      // any other failure in the course of a client's connection
	ClassOwnLimit                     // nginx ran out of worker_connections or of descriptors, with a request or without
	ClassProcess                      // no client's: a worker died, accept failed
	ClassForeign                      // not a line of nginx's
	classCount
)

var classNames = [classCount]string{
	"notice", "error_99", "no_live_upstreams", "refused", "reset", "timed_out",
	"premature_close", "request", "own_limit", "process", "foreign",
}

// String is a name in the style of the results format.
func (c Class) String() string {
	if c < classCount {
		return classNames[c]
	}
	return "unknown"
}

// OfRequest reports whether such a line belongs to a client's request. A line
// is not a failed request: nginx retries what it safely can and logs each try.
func (c Class) OfRequest() bool { return ClassError99 <= c && c <= ClassRequest }

// Classify reads one line, without its newline, of nginx's error log:
//
//	2026/11/23 04:42:27 [crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: Cannot assign requested address) while connecting to upstream, client: …
//
// Only the text before ", client: " is looked at; what follows quotes the
// request, in which a client may write whatever it likes. The errno is matched
// by number: its words are the C library's (glibc: "Cannot assign requested
// address", musl: "Address not available").
func Classify(line []byte) Class {
	l, ok := parseLine(line)
	switch {
	case !ok:
		return ClassForeign
	case !l.failure():
		return ClassNotice
	case bytes.Contains(l.text, []byte(" worker_connections are not enough")), bytes.Contains(l.text, []byte("failed (24: ")):
		return ClassOwnLimit
	case !l.client:
		return ClassProcess
	case bytes.HasPrefix(l.text, []byte("no live upstreams")):
		return ClassNoLiveUpstreams
	case bytes.HasPrefix(l.text, []byte("connect() ")) && bytes.Contains(l.text, []byte("failed (99: ")):
		// Of bind() the same errno means a proxy_bind address that is not
		// there, which has nothing to do with ports.
		return ClassError99
	case !bytes.Contains(l.text, []byte("upstream")):
		return ClassRequest
	case bytes.Contains(l.text, []byte("prematurely closed connection")):
		return ClassPrematureClose
	case bytes.Contains(l.text, []byte(" (111: ")):
		return ClassRefused
	case bytes.Contains(l.text, []byte(" (104: ")):
		return ClassReset
	case bytes.Contains(l.text, []byte(" (110: ")):
		return ClassTimedOut
	}
	return ClassRequest
}

// logLine is a line taken apart, pointing into it.
type logLine struct {
	level  []byte // crit
	text   []byte // connect() to … while connecting to upstream
	client bool   // it has a connection number and names the client
}

func (l logLine) failure() bool {
	switch string(l.level) {
	case "error", "crit", "alert", "emerg":
		return true
	}
	return false
}

// parseLine takes "DATE TIME [LEVEL] PID#TID: *CONNECTION TEXT, client: …"
// apart; *CONNECTION is there only when a connection is concerned.
func parseLine(line []byte) (l logLine, ok bool) {
	const stamp = len("2006/01/02 15:04:05 ")
	if len(line) < stamp+2 || line[4] != '/' || line[13] != ':' || line[stamp-1] != ' ' || line[stamp] != '[' {
		return l, false
	}
	level, rest, ok := bytes.Cut(line[stamp+1:], []byte("] "))
	if !ok || len(level) > len("notice") {
		return l, false
	}
	ids, text, ok := bytes.Cut(rest, []byte(": "))
	if !ok || !isIDs(ids) {
		return l, false
	}
	l.level = level
	if len(text) > 1 && text[0] == '*' {
		if number, after, ok := bytes.Cut(text[1:], []byte(" ")); ok && isNumber(number) {
			text, l.client = after, true
		}
	}
	// A connection number alone is no request: "*5 open socket #3 left in
	// connection 4" is what a worker says when it exits.
	message, _, found := bytes.Cut(text, []byte(", client: "))
	l.text, l.client = message, l.client && found
	return l, true
}

// isIDs tells "7#7".
func isIDs(b []byte) bool {
	pid, tid, ok := bytes.Cut(b, []byte("#"))
	return ok && isNumber(pid) && isNumber(tid)
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// appendMessage appends what identifies the kind of a line to b: level and
// text without the peer, so that lines can be counted by it:
//
//	[crit] connect() to … failed (99: Cannot assign requested address) while connecting to upstream
func appendMessage(b, line []byte) []byte {
	l, ok := parseLine(line)
	if !ok {
		return append(b, line...)
	}
	b = append(b, '[')
	b = append(b, l.level...)
	b = append(b, "] "...)
	if peer, ok := bytes.CutPrefix(l.text, []byte("connect() to ")); ok {
		if i := bytes.Index(peer, []byte(" failed (")); i >= 0 {
			b = append(b, "connect() to …"...)
			return append(b, peer[i:]...)
		}
	}
	return append(b, l.text...)
}
