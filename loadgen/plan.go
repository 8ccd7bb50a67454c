package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"time"
)

// The caps: beyond them a figure is a typing error, not a test.
const (
	MaxRate        = 2_000_000 // requests per second
	MaxConnections = 100_000
	MaxLoops       = 256
	MaxDuration    = 24 * time.Hour
)

const (
	maxArrivals    = 100_000_000 // of a Poisson schedule by count: each must be drawn to find its end
	maxBody        = 1 << 30     // bytes of a request, or of several together; more of a counter than a memory matter
	defaultTimeout = 5 * time.Second
	defaultEvery   = 100 * time.Millisecond
)

// plan is a Config checked, defaulted and resolved.
type plan struct {
	Config
	targets []endpoint        // connected to in turn
	leftOut map[string]string // addresses of the name that took no connection, and why
	wires   []wire
	pattern []uint32    // which of wires the n-th request is, cyclic
	tls     *tls.Config // nil: plain HTTP
}

func newPlan(ctx context.Context, c Config) (*plan, error) {
	p := &plan{Config: c}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		if wrong := new(url.Error); errors.As(err, &wrong) {
			err = wrong.Err // it would quote the URL, and with it a password
		}
		return nil, fmt.Errorf("loadgen: URL: %w", err)
	}
	if p.targets, err = locate(ctx, &c, u); err != nil {
		return nil, fmt.Errorf("loadgen: URL %s: %w", u.Redacted(), err)
	}
	if p.targets, err = ofFamily(p.targets, c.Sources); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	if u.Scheme == "https" {
		p.tls = clientTLS(c.TLS, c.Host, u.Hostname())
	}
	if p.wires, p.pattern, err = renderAll(&c, u); err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	return p, nil
}

// check applies defaults and limits.
func (p *plan) check() error {
	setDefault(&p.Connections, 1)
	setDefault(&p.Loops, 1)
	setDefault(&p.Timeout, defaultTimeout)
	setDefault(&p.Every, defaultEvery)
	for i := range p.Stop {
		if s := &p.Stop[i]; !(s.Share >= 0 && s.Share < 1) || s.Window < 0 || s.After < 0 || s.After > MaxDuration {
			return fmt.Errorf("stop %d: a share of %v over %v, after %v: want a share from 0 to below 1 "+
				"and times from 0 to 24h",
				i+1, s.Share, s.Window, s.After)
		}
	}
	for _, limit := range []struct {
		name   string
		v, max float64
	}{
		{"connections", float64(p.Connections), MaxConnections},
		{"loops", float64(p.Loops), MaxLoops},
		{"duration in seconds", p.Duration.Seconds(), MaxDuration.Seconds()},
		{"timeout in seconds", p.Timeout.Seconds(), time.Hour.Seconds() / 2},
		{"close after", float64(p.CloseAfter), 1 << 30},
		{"bytes of body", float64(p.longestBody()), maxBody},
		{"requests", float64(p.Requests), 1e12},
	} {
		if limit.v < 0 || limit.v > limit.max {
			return fmt.Errorf("%s: %v is not within 0 to %v", limit.name, limit.v, limit.max)
		}
	}
	if p.Every < time.Millisecond {
		return fmt.Errorf("snapshot interval %v: want at least 1ms", p.Every)
	}
	if p.Loops > p.Connections {
		return fmt.Errorf("%d loops for %d connections: a loop needs one of its own", p.Loops, p.Connections)
	}
	switch {
	case p.Mode > Closed:
		return fmt.Errorf("%v is none of exact, spin, relaxed, closed", p.Mode)
	case p.Mode == Closed && p.Profile != nil:
		return errors.New("closed mode sends as fast as responses come: it takes no profile")
	case p.Mode == Closed:
		return nil
	case p.Profile == nil:
		return fmt.Errorf("mode %s needs a profile", p.Mode)
	}
	return p.checkProfile()
}

// checkProfile looks at the rate at 1,000 moments, and ends the schedule where
// a finite profile ends.
func (p *plan) checkProfile() error {
	if s, ok := p.Profile.(*sequence); ok {
		for _, part := range s.parts {
			if _, ok := part.Profile.(*poisson); ok {
				return errors.New("profile: Poisson goes around a Sequence, not into it")
			}
		}
	}
	if l, ok := length(p.Profile); ok && (p.Duration == 0 || l < p.Duration) {
		p.Duration = l
	}
	if p.Requests > 0 { // the schedule ends where the first one too many is due
		c := newCursor(p.Profile, 0, 1, 0)
		if c.jitter != nil && p.Requests > maxArrivals {
			return fmt.Errorf("requests: %d random arrivals are more than %d; bound the load by a duration",
				p.Requests, int64(maxArrivals))
		}
		c.skip(p.Requests)
		if c.due != Never && (p.Duration == 0 || c.due < int64(p.Duration)) {
			p.Duration = time.Duration(c.due)
		}
	}
	end := p.Duration
	if end == 0 {
		end = MaxDuration
	}
	peak := 0.0
	for i := range 1000 {
		r := p.Profile.Rate(end / 1000 * time.Duration(i))
		if !(r >= 0 && r <= MaxRate) { // NaN too
			return fmt.Errorf("profile: %v requests/s is not within 0 to %d", r, MaxRate)
		}
		peak = max(peak, r)
	}
	if n := p.Profile.Count(end); peak == 0 || !(n > 0) || math.IsInf(n, 0) {
		return fmt.Errorf("profile: it schedules %v requests", n)
	}
	return nil
}

func (p *plan) longestBody() int {
	n := len(p.Body)
	for i := range p.Mix {
		n = max(n, len(p.Mix[i].Body))
	}
	for _, b := range p.Bodies {
		n = max(n, len(b))
	}
	return n
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// clientTLS completes a TLS configuration: the name to verify, and HTTP/1.1 as
// the one protocol offered.
func clientTLS(base *tls.Config, host, urlHost string) *tls.Config {
	c := base.Clone() // nil stays nil
	if c == nil {
		c = &tls.Config{}
	}
	if c.ServerName == "" {
		c.ServerName = urlHost
		if name, _, err := net.SplitHostPort(host); err == nil {
			c.ServerName = name
		} else if host != "" {
			c.ServerName = host
		}
	}
	c.NextProtos = []string{"http/1.1"}
	return c
}
