package nginx

import (
	"bytes"

	"github.com/lab99/lab99/lab/probe"
)

// ErrorLog reads nginx's error log.
func (Kind) ErrorLog() probe.Log { return errorLog{} }

type errorLog struct{}

// Classify reads one line, without its newline, of nginx's error log:
//
//	2026/11/23 04:42:27 [crit] 7#7: *42 connect() to 198.18.0.3:80 failed
//	(99: Cannot assign requested address) while connecting to upstream, client: …
//
// but without the break.
// Only the text before ", client: " is looked at; what follows quotes the
// request, in which a client may write whatever it likes. The errno is matched
// by number: its words are the C library's (glibc: "Cannot assign requested
// address", musl: "Address not available").
func (errorLog) Classify(line []byte) probe.Class {
	l, ok := parseLine(line)
	switch {
	case !ok:
		return probe.ClassForeign
	case !l.failure():
		return probe.ClassNotice
	case bytes.Contains(l.text, []byte(" worker_connections are not enough")),
		bytes.Contains(l.text, []byte("failed (24: ")):
		return probe.ClassOwnLimit
	case !l.client:
		return probe.ClassProcess
	case bytes.HasPrefix(l.text, []byte("no live upstreams")):
		return probe.ClassNoLiveUpstreams
	case bytes.HasPrefix(l.text, []byte("connect() ")) && bytes.Contains(l.text, []byte("failed (99: ")):
		// Of bind() the same errno means a proxy_bind address that is not
		// there, which has nothing to do with ports.
		return probe.ClassError99
	case !bytes.Contains(l.text, []byte("upstream")):
		return probe.ClassRequest
	case bytes.Contains(l.text, []byte("prematurely closed connection")):
		return probe.ClassPrematureClose
	case bytes.Contains(l.text, []byte(" (111: ")):
		return probe.ClassRefused
	case bytes.Contains(l.text, []byte(" (104: ")):
		return probe.ClassReset
	case bytes.Contains(l.text, []byte(" (110: ")):
		return probe.ClassTimedOut
	}
	return probe.ClassRequest
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

// AppendMessage appends what identifies the kind of a line to b: level and
// text without the peer, so that lines can be counted by it:
//
//	[crit] connect() to … failed (99: Cannot assign requested address) while connecting to upstream
func (errorLog) AppendMessage(b, line []byte) []byte {
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
