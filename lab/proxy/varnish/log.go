package varnish

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
)

// Recount reads the log in memory: all that failed at the backend, a line each. It fails
// where the ring has been written over.
func (Kind) Recount(_ proxy.Site, run func(argv ...string) (string, error)) ([]byte, error) {
	cycles, err := run("/usr/bin/varnishstat", "-n", workDir, "-1", "-f", "MAIN.shm_cycles")
	if err != nil {
		return nil, err
	}
	if n := strings.Fields(cycles); len(n) < 2 || n[1] != "0" {
		return nil, fmt.Errorf("the log in memory does not reach back to the beginning of the load (%s)",
			strings.TrimSpace(cycles))
	}
	out, err := run("/usr/bin/varnishlog", "-n", workDir, "-d", "-g", "raw", "-i", "FetchError")
	return []byte(out), err
}

// ErrorLog reads what Recount returns.
func (Kind) ErrorLog() probe.Log { return errorLog{} }

type errorLog struct{}

// fetchError is a line of varnishlog -g raw: the transaction, the tag, the side, the words.
var fetchError = regexp.MustCompile(`^\s*\d+\s+FetchError\s+b\s+(.*)$`)

// failures are Varnish's words for a connection that was not to be had
// (bin/varnishd/cache/cache_backend.c). Held down after an earlier failure, it says errno 0.
var failures = []struct {
	words string
	class probe.Class
}{
	{": fail errno 99 ", probe.ClassError99},
	{": fail errno 0 ", probe.ClassNoLiveUpstreams},
	{": unhealthy", probe.ClassNoLiveUpstreams},
	{": busy", probe.ClassOwnLimit}, // .max_connections
	{": fail errno 24 ", probe.ClassOwnLimit},
	{": fail errno 111 ", probe.ClassRefused},
	{": fail errno 104 ", probe.ClassReset},
	{": fail errno 110 ", probe.ClassTimedOut},
	{"HTC eof", probe.ClassPrematureClose},
}

// Classify reads one line:
//
//	3 FetchError     b backend s0: fail errno 99 (Cannot assign requested address)
func (errorLog) Classify(line []byte) probe.Class {
	m := fetchError.FindSubmatch(line)
	if m == nil {
		return probe.ClassForeign
	}
	for _, f := range failures {
		if bytes.Contains(m[1], []byte(f.words)) {
			return f.class
		}
	}
	return probe.ClassRequest
}

var backendName = regexp.MustCompile(`^backend \S+:`)

// AppendMessage appends a line without the transaction and the backend's name.
func (errorLog) AppendMessage(b, line []byte) []byte {
	if m := fetchError.FindSubmatch(line); m != nil {
		line = backendName.ReplaceAll(m[1], []byte("backend …:"))
	}
	return append(b, line...)
}
