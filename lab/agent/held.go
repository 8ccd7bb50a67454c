package agent

import (
	"net/url"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/loadgen"
)

// config is a load of held connections, with what it has in common with one of requests.
func (h *Held) config(c loadgen.Config) loadgen.HeldConfig {
	held := loadgen.HeldConfig{
		URL: h.url(c.URL), Host: c.Host, UserAgent: c.UserAgent,
		Profile: c.Profile, Duration: c.Duration, Timeout: c.Timeout, Start: c.Start, Stop: c.Stop,
		For: seconds(h.ForS), Seed: heldSeed,
		Classify: c.Classify, ClassifyHeader: c.ClassifyHeader,
		OnSnapshot: c.OnSnapshot, Allow: c.Allow,
	}
	if h.Exponential {
		held.Spread = loadgen.ExponentialTimes
	}
	if h.ServerCloses {
		held.Closes = loadgen.ClosedByServer
	}
	if !h.Websocket {
		// All that a proxy which passes bytes on can say of a connect() that failed: the
		// connection ends. It may be another failure, and its log has the last word.
		held.Unanswered = proxy.CauseConnect
	}
	return held
}

// heldSeed makes two runs of a scenario hold the same connections for the same times.
const heldSeed = 99

// url has the scheme in place of HTTP's. It was parsed before.
func (h *Held) url(from string) string {
	u, err := url.Parse(from)
	if err != nil {
		return from
	}
	u.Scheme = "tcp"
	if h.Websocket {
		u.Scheme = "ws"
	}
	return u.String()
}
