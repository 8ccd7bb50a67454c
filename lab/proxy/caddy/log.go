package caddy

import (
	"encoding/json"
	"regexp"
	"strings"
	"syscall"

	"github.com/lab99/lab99/lab/probe"
)

// ErrorLog reads Caddy's log, which is JSON at level error.
func (Kind) ErrorLog() probe.Log { return errorLog{} }

type errorLog struct{}

// entry is a line:
//
//	{"level":"error","ts":1764500000.1,"logger":"http.log.error",
//	"msg":"dial tcp 198.18.0.3:80: connect: cannot assign requested address","request":{…},"status":502}
//
// but without the break.
//
// https://caddyserver.com/docs/logging
type entry struct {
	Level  string `json:"level"`
	Logger string `json:"logger"`
	Msg    string `json:"msg"`
}

// ofRequest begins the name of the logger of what failed in a client's request.
const ofRequest = "http.log.error"

// failures are the ends of Go's messages, which are its own words for each errno.
var failures = []struct {
	words string
	class probe.Class
}{
	{"connect: " + syscall.EADDRNOTAVAIL.Error(), probe.ClassError99},
	{"connect: " + syscall.ECONNREFUSED.Error(), probe.ClassRefused},
	{syscall.ECONNRESET.Error(), probe.ClassReset},
	{"i/o timeout", probe.ClassTimedOut},
	{syscall.ETIMEDOUT.Error(), probe.ClassTimedOut},
	{"no upstreams available", probe.ClassNoLiveUpstreams},
	{"EOF", probe.ClassPrematureClose},
}

// Classify reads one line.
func (errorLog) Classify(line []byte) probe.Class {
	var e entry
	switch {
	case json.Unmarshal(line, &e) != nil || e.Level == "":
		return probe.ClassForeign
	case e.Level == "debug" || e.Level == "info" || e.Level == "warn":
		return probe.ClassNotice
	case strings.Contains(e.Msg, syscall.EMFILE.Error()):
		return probe.ClassOwnLimit
	case !strings.HasPrefix(e.Logger, ofRequest):
		return probe.ClassProcess
	}
	for _, f := range failures {
		if strings.HasSuffix(e.Msg, f.words) {
			return f.class
		}
	}
	return probe.ClassRequest
}

// peerRE is an address, or the two of a connection.
var peerRE = regexp.MustCompile(`\b[\d.]{7,}(:\d+)?(->[\d.]{7,}:\d+)?\b`)

// AppendMessage appends a line's level and message, without addresses.
func (errorLog) AppendMessage(b, line []byte) []byte {
	var e entry
	if json.Unmarshal(line, &e) != nil {
		return append(b, line...)
	}
	b = append(b, '[')
	b = append(b, e.Level...)
	b = append(b, "] "...)
	return append(b, peerRE.ReplaceAllString(e.Msg, "…")...)
}
