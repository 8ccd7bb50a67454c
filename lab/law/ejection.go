package law

import (
	"math"
	"time"
)

// Error99Lines is how many error-99 lines nginx logs over an outage with two or
// more peers at its default max_fails=1: every peer is tried once, fails, and
// is marked down, and until it is tried again all requests get "no live
// upstreams" without a connect(). nginx compares whole seconds, strictly, so
// the pause is up to a second longer than fail_timeout:
//
//	lines = D · ⌈outage / (fail_timeout + 1 s)⌉
//
// Measured: 9 lines and 5,096 other failures in 25 s with three peers and the
// default of 10 s. Short timeouts give more lines than that (1 s: one round
// every 1.8 s). With max_fails=0 it is D lines for every failed request, with
// a single peer one line, as max_fails is ignored then.
// https://nginx.org/en/docs/http/ngx_http_upstream_module.html#fail_timeout
func Error99Lines(peers int, outage, failTimeout time.Duration) int {
	if outage <= 0 {
		return 0
	}
	return peers * int(math.Ceil(float64(outage)/float64(failTimeout+time.Second)))
}

// Ejection is how an upstream block treats peers that fail, for what its log
// says of an outage.
type Ejection struct {
	Peers       int           // distinct servers of the block; 0 means 1
	MaxFails    int           // max_fails; nginx's default is 1, 0 never marks a peer down
	FailTimeout time.Duration // fail_timeout; nginx's default is 10 s
	NoRetry     bool          // proxy_next_upstream off: one peer tried per request
}

// Lines is how an outage shows in nginx's log: the lines of error 99, and the
// requests failed with "no live upstreams" instead, without any connect(). With
// one peer max_fails is ignored, and each of the failed requests has its line.
//
// Counting lines of error 99 so understates an outage several hundredfold: 9
// lines stood for 5,099 failed requests.
func (e Ejection) Lines(failed int, outage time.Duration) (error99, noLiveUpstreams int) {
	peers := max(e.Peers, 1)
	tries := peers
	if e.NoRetry {
		tries = 1
	}
	if peers == 1 || e.MaxFails <= 0 {
		return failed * tries, 0
	}
	lines := min(e.MaxFails*Error99Lines(peers, outage, e.FailTimeout), failed*tries)
	// A request that tries every peer and fails is a line of each, and one
	// failed request; those that end the rounds.
	return lines, failed - (lines+tries-1)/tries
}
