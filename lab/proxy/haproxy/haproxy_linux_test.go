package haproxy

import (
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy/proxytest"
)

// TestHAProxyTakesEachPolicy: the real program reads what the template makes, without a
// warning.
func TestHAProxyTakesEachPolicy(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	proxytest.TakesEachPolicy(t, Kind{}, program, ownTemplate, func(string) bool { return false }, "-c", "-dW")
}

// TestLines are of HAProxy 2.6.
func TestLines(t *testing.T) {
	for line, want := range map[string]probe.Class{
		"Connect() failed for backend lab99: no free ports.":                                              probe.ClassError99,
		"Cannot bind to source address before connect() for backend lab99. Aborting.":                     probe.ClassRequest,
		"Server lab99/s0 is DOWN, reason: Layer4 connection problem. 0 active and 0 backup servers left.": probe.ClassProcess,
		"backend lab99 has no server available!":                                                          probe.ClassProcess,
		"Proxy lab99 reached process FD limit (maxsock=8191). Please check 'ulimit-n' and restart.":       probe.ClassOwnLimit,
		"Proxy lab99 started.": probe.ClassNotice,
		"192.0.2.1:1 [30/Nov/2026:14:10:08.1] f lab99/s0 0/0/1 0 -- 1/1/0/0/0 0/0 Connect() failed no free ports.": probe.ClassNotice,
	} {
		if got := (errorLog{}).Classify([]byte(line)); got != want {
			t.Errorf("%q is %v, want %v", line, got, want)
		}
	}
	got := string(errorLog{}.AppendMessage(nil, []byte("Connect() failed for backend a-name: no free ports.")))
	if got != "Connect() failed for backend …: no free ports." {
		t.Error(got)
	}
}
