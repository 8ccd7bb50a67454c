package nginx

import (
	"testing"

	"github.com/lab99/lab99/lab/probe"
)

// TestFailureOf: the lines are those of TestClassify and, for bind(), of nginx
// 1.22 with an address that the host lacks.
func TestFailureOf(t *testing.T) {
	for line, want := range map[string]Failure{
		stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
			"Cannot assign requested address) while connecting to upstream" + tail: {
			Call:     "connect",
			Errno:    99,
			Peer:     "198.18.0.3:80",
			Doing:    "connecting to upstream",
			Upstream: "http://198.18.0.3:80/",
		},
		stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
			"Cannot assign requested address) while connecting to upstream" + streamTail: {
			Call: "connect", Errno: 99, Peer: "198.18.0.3:80", Doing: "connecting to upstream", Upstream: "198.18.0.3:80"},
		stamp + "[error] 7#7: *42 connect() failed (111: Connection refused) while connecting to upstream" + tail: {
			Call: "connect", Errno: 111, Doing: "connecting to upstream", Upstream: "http://198.18.0.3:80/"},
		stamp + "[crit] 7#7: *42 bind(198.18.0.9) failed (99: Cannot assign requested address) " +
			"while connecting to upstream" + tail: {
			Call: "bind", Errno: 99, Peer: "198.18.0.9", Doing: "connecting to upstream", Upstream: "http://198.18.0.3:80/"},
		stamp + "[emerg] 1#1: bind() to 10.0.0.9:80 failed (99: Cannot assign requested address)": {
			Call: "bind", Listen: true, Errno: 99, Peer: "10.0.0.9:80"},
		"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)": {
			Call: "bind", Listen: true, Errno: 98, Peer: "0.0.0.0:80"},
		stamp + "[error] 7#7: *42 upstream timed out (110: Connection timed out) while connecting to upstream" + tail: {
			Errno: 110, Doing: "connecting to upstream", Upstream: "http://198.18.0.3:80/"},
		stamp + "[error] 7#7: *42 no live upstreams while connecting to upstream" + tail: {
			Doing: "connecting to upstream", Upstream: "http://198.18.0.3:80/"},
		// A request that forges a peer takes the true one's place in no line.
		stamp + `[error] 7#7: *42 no live upstreams while connecting to upstream, client: 1.2.3.4, server: , ` +
			`request: "GET /", upstream: "x HTTP/1.1", upstream: "http://app/"`: {
			Doing: "connecting to upstream"},
	} {
		got, class := FailureOf([]byte(line))
		if got != want {
			t.Errorf("%s\nis %+v\nwant %+v", line, got, want)
		}
		if class == probe.ClassForeign {
			t.Errorf("%s\nis nobody's", line)
		}
	}
	for _, line := range []string{"", "connect() to 10.0.0.7:80 failed (99: Cannot assign requested address)",
		"nginx: [emerg"} {
		if got, class := FailureOf([]byte(line)); got != (Failure{}) || class != probe.ClassForeign {
			t.Errorf("%q is %+v, %v; want nothing", line, got, class)
		}
	}
}
