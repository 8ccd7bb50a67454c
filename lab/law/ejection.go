package law

import (
	"math"
	"time"
)

// LogLines is how many lines of error 99 an outage leaves in nginx's log where it may
// try several peers, or takes them for dead, and in that of another kind of proxy.
var LogLines = Law{
	ID:     "log_error_99",
	Name:   "lines of error 99 in the proxy's log",
	Words:  "error 99 in the proxy's log",
	Unit:   "lines",
	Figure: "log_error_99",
	More:   MoreSevere,
	Compare: func(r Run) *Compared {
		first, failed, seen := r.Measured("first_error_99_s"), r.Measured("failed"), r.Measured("log_error_99")
		if first == nil || failed == nil || seen == nil {
			return nil
		}
		if r.Setup.Conduct != nil {
			return r.logLines(*seen)
		}
		if !r.Setup.Ejection.Retries() {
			return nil
		}
		// Clients saw another answer, or other peers served for a while: those of
		// another weight, or of a race, which fills none like the next.
		if *failed == 0 || r.Setup.Uneven() || r.Setup.Race && r.Setup.Destinations > 1 {
			return nil
		}
		if r.Setup.Workers > 1 && r.Setup.Ejection.MaxFails > 0 {
			// Without zone each worker marks peers down on its own, and chance says
			// how many meet the failure.
			return nil
		}
		outage := time.Duration((r.EndS - *first) * float64(time.Second))
		lines, _ := r.Setup.Ejection.Lines(int(*failed), outage)
		return &Compared{Predicted: float(lines), Measured: seen}
	},
}

// NoLiveUpstreams are requests that nginx failed without a connect(). They may not
// come unless nginx may try several peers; with several they are what a scenario is
// about, and LogLines counts.
var NoLiveUpstreams = Law{
	ID: "no_live_upstreams", Name: `"no live upstreams"`, Unit: "requests",
	Figure: "no_live_upstreams", More: MoreSevere,
	Compare: func(r Run) *Compared {
		seen := r.Measured("no_live_upstreams")
		c := r.Setup.Conduct
		holdsDown := c != nil && (c.Blackout > 0 || c.Fails > 0)
		if or0(seen) == 0 || r.Setup.Ejection.Retries() || holdsDown {
			return nil
		}
		return &Compared{Predicted: new(float64), Measured: seen}
	},
}

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
	Peers       int           `json:"peers"`              // distinct servers of the block; 0 means 1
	MaxFails    int           `json:"max_fails"`          // nginx's default is 1, 0 never marks a peer down
	FailTimeout time.Duration `json:"fail_timeout_ns"`    // nginx's default is 10 s
	NoRetry     bool          `json:"no_retry,omitempty"` // proxy_next_upstream off: one peer tried per request

	// Beside says that the block has servers that are down. nginx counts them when it
	// decides whether there is but one, so that max_fails holds for a single peer, too.
	Beside bool `json:"beside,omitempty"`
}

// alone says whether nginx never takes the peer for dead.
func (e Ejection) alone() bool { return e.Peers <= 1 && !e.Beside }

// Retries says whether one request may cost several attempts to connect, or none
// because the peer is taken for dead.
func (e Ejection) Retries() bool { return !e.alone() && (e.MaxFails > 0 || e.Peers > 1 && !e.NoRetry) }

// Tries is how many connect() a request makes before it fails, while all peers are
// up.
func (e Ejection) Tries() int {
	if e.NoRetry {
		return 1
	}
	return max(e.Peers, 1)
}

// Lines is how an outage shows in nginx's log: the lines of error 99, and the
// requests failed with "no live upstreams" instead, without any connect(). With
// one peer max_fails is ignored, and each of the failed requests has its line.
//
// Counting lines of error 99 so understates an outage several hundredfold: 9
// lines stood for 5,099 failed requests.
func (e Ejection) Lines(failed int, outage time.Duration) (error99, noLiveUpstreams int) {
	peers, tries := max(e.Peers, 1), e.Tries()
	if e.alone() || e.MaxFails <= 0 {
		return failed * tries, 0
	}
	lines := min(e.MaxFails*Error99Lines(peers, outage, e.FailTimeout), failed*tries)
	// A request that tries every peer and fails is a line of each, and one
	// failed request; those that end the rounds.
	return lines, failed - (lines+tries-1)/tries
}
