package haproxy

import (
	"bytes"
	"regexp"

	"github.com/lab99/lab99/lab/probe"
)

// ErrorLog reads HAProxy's log, of which it sends what is at level err.
func (Kind) ErrorLog() probe.Log { return errorLog{} }

// SendsSyslog: it opens no file.
func (Kind) SendsSyslog() {}

type errorLog struct{}

// What it says of a connect() that failed: src/proto_tcp.c and src/backend.c. EADDRNOTAVAIL
// and EAGAIN have the same words, so that of a socket without IPv6 does, too.
var (
	noPorts   = []byte("Connect() failed for backend ")
	freePorts = []byte("no free ports.")
	ownFull   = []byte("Cannot bind to source address before connect() for backend ")
	ownLimit  = regexp.MustCompile(`^(Proxy \S+ reached (process FD|configured) limit|\S+ out of |Server .* is full)`)
	down      = regexp.MustCompile(`^(Server \S+ is DOWN|backend \S+ has no server available)`)
	backendOf = regexp.MustCompile(`for backend (\S+?)[:.]`)
)

// Classify reads one line:
//
//	Connect() failed for backend b: no free ports.
func (errorLog) Classify(line []byte) probe.Class {
	switch {
	case bytes.HasPrefix(line, noPorts) && bytes.HasSuffix(bytes.TrimRight(line, " \n"), freePorts):
		return probe.ClassError99
	case bytes.HasPrefix(line, ownFull):
		return probe.ClassRequest
	case ownLimit.Match(line):
		return probe.ClassOwnLimit
	case down.Match(line):
		return probe.ClassProcess
	}
	return probe.ClassNotice
}

// AppendMessage appends a line without the backend's name.
func (errorLog) AppendMessage(b, line []byte) []byte {
	return append(b, backendOf.ReplaceAll(line, []byte("for backend …:"))...)
}
