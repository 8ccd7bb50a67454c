package lab

import (
	"math"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/scenarios"
)

// profileOf is the rate of a variant over time; nil where it is constant.
func profileOf(v scenarios.Variant) (loadgen.Profile, error) {
	words := v.Profile()
	if words == "" {
		return nil, nil
	}
	return loadgen.ParseProfile(words)
}

// burst is a load whose requests come many at once.
type burst struct {
	size  int
	every time.Duration
}

// burstOf is the burst of a variant's profile; zero if it has none.
func burstOf(v scenarios.Variant) (b burst) {
	if p, err := profileOf(v); err == nil {
		b.size, b.every, _ = loadgen.Bursts(p)
	}
	return b
}

// offered is R, to a hundredth of a request per second: what bursts come to on
// average, whatever the file says of the rate, and the rate otherwise.
func offered(v scenarios.Variant) float64 {
	if b := burstOf(v); b.size > 0 {
		return math.Round(100*float64(b.size)/b.every.Seconds()) / 100
	}
	return v.Rate
}

// random says whether requests arrive as those of independent clients do.
func random(v scenarios.Variant) bool { return strings.Contains(v.Profile(), "poisson:") }

// held is what the generator is told of connections that are held; nil for requests.
func held(v scenarios.Variant) *agent.Held {
	if !v.Held() {
		return nil
	}
	return &agent.Held{
		ForS:         v.Load.Hold.Seconds(),
		Exponential:  v.Load.HoldTimes == scenarios.HoldExponential,
		ServerCloses: v.Load.Closes == scenarios.ClosesServer,
		Websocket:    v.Upstream.Protocol == scenarios.ProtocolWebsocket,
	}
}

// withDefaults is a variant with the defaults of its proxy's release, as far as
// the release is known before it runs.
func withDefaults(v scenarios.Variant) scenarios.Variant {
	if v.Own != nil {
		return v // worked out already, perhaps for a release that was found
	}
	return proxy.WithDefaults(v, proxy.ReleaseOf(v))
}

// steady is for how long the load keeps to its first rate.
func steady(v scenarios.Variant) time.Duration {
	p, err := profileOf(v)
	if p == nil || err != nil {
		return v.Duration
	}
	return min(loadgen.Steady(p), v.Duration)
}
