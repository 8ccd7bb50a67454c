package lab

import (
	"math"
	"strings"
	"time"

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

// settled is a variant that leaves its protocol and its pool to nginx's release,
// with what is known of the release before it runs: a tag names it, or a suite
// of Debian, whose packages keep to one.
func settled(v scenarios.Variant) scenarios.Variant {
	_, tag, _ := strings.Cut(v.Proxy.Image, ":")
	if release, ok := map[string]string{"bookworm": "1.22", "trixie": "1.26"}[tag]; ok {
		tag = release
	}
	if tag == "forky" { // still open, and past 1.29.7
		tag = "1.30"
	}
	return v.Settled(tag)
}

// steady is for how long the load keeps to its first rate.
func steady(v scenarios.Variant) time.Duration {
	p, err := profileOf(v)
	if p == nil || err != nil {
		return v.Duration
	}
	return min(loadgen.Steady(p), v.Duration)
}
