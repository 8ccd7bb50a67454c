package nginx

import (
	"bytes"
	"regexp"
	"strconv"

	"github.com/lab99/lab99/lab/probe"
)

// Failure is what a line of nginx's error log says of the call that failed.
type Failure struct {
	Call     string // connect, bind, socket, recv …; "" where the line names none
	Listen   bool   // bind() of an address that nginx listens on
	Errno    int    // 0 where the line has none
	Peer     string // the address in the text: of the peer for connect(), its own for bind()
	Doing    string // "connecting to upstream", what nginx was at
	Upstream string // the peer or the group that the line names behind ", upstream: "
}

var (
	// failedCall is "connect() to 10.0.0.7:8080 failed (99: …" and "bind(10.0.0.5) failed (99: …".
	failedCall = regexp.MustCompile(`^(\w+)\(([^)]*)\)(?: to (\S+))? failed \((\d+): `)
	// otherErrno is "upstream timed out (110: …".
	otherErrno = regexp.MustCompile(` \((\d+): `)
	// atStart is what nginx prints before it has a log.
	atStart = regexp.MustCompile(`^nginx: \[(\w+)\] `)
	// quoted is a message as people paste it, without date and level. No other program says
	// what it was at in these words.
	quoted = regexp.MustCompile(`^(?:connect|bind)\([^)]*\)(?: to \S+)? failed ` +
		`\(\d+: [^)]*\) while connecting to upstream`)
)

// quotedHead is what a log has before a message.
const quotedHead = "1970/01/01 00:00:00 [crit] 1#1: *1 "

// FailureOf takes a line apart that ErrorLog classifies. A line that nginx
// prints before it has a log is one of the process.
func FailureOf(line []byte) (Failure, probe.Class) {
	if quoted.Match(line) {
		line = append([]byte(quotedHead), line...)
	}
	class := errorLog{}.Classify(line)
	l, ok := parseLine(line)
	if m := atStart.FindSubmatch(line); !ok && m != nil {
		l.level, l.text, ok = m[1], line[len(m[0]):], true
		if l.failure() {
			class = probe.ClassProcess
		}
	}
	if !ok {
		return Failure{}, probe.ClassForeign
	}
	var f Failure
	if m := failedCall.FindSubmatch(l.text); m != nil {
		f.Call, f.Peer = string(m[1]), string(m[3])
		if f.Peer == "" {
			f.Peer = string(m[2])
		}
		f.Errno, _ = strconv.Atoi(string(m[4]))
		f.Listen = f.Call == "bind" && m[3] != nil // proxy_bind has the address inside the brackets
	} else if m := otherErrno.FindSubmatch(l.text); m != nil {
		f.Errno, _ = strconv.Atoi(string(m[1]))
	}
	if _, doing, found := bytes.Cut(l.text, []byte(" while ")); found {
		f.Doing = string(doing)
	}
	f.Upstream = upstreamOf(line)
	return f, class
}

// upstreamOf is the value of ", upstream: ". The request and what it refers to
// stand in the line as the client sent them: where the words stand twice, one of
// them is the client's, and neither is believed.
func upstreamOf(line []byte) string {
	const name = `, upstream: "`
	if bytes.Count(line, []byte(name)) != 1 {
		return ""
	}
	_, rest, _ := bytes.Cut(line, []byte(name))
	value, _, ok := bytes.Cut(rest, []byte(`"`))
	if !ok {
		return ""
	}
	return string(value)
}
