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
