package haproxy

import (
	"fmt"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/preflight"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/finding"
	"github.com/lab99/lab99/scenarios/haproxyconf"
)

// Recognises goes by the first line that says something.
func (Kind) Recognises(text []byte) bool { return haproxyconf.Recognise(text) }

// OwnPolicy is what a configuration of the user's own does: that of the backend which the
// load reaches.
func (Kind) OwnPolicy(v scenarios.Variant) (proxy.Policy, bool) {
	r, err := readOwn(v, proxy.Example(v))
	if err != nil {
		return proxy.Policy{}, false
	}
	b := r.backends[0]
	return proxy.Policy{Name: b.Name, Words: "mode " + b.Mode, Laws: b.Conduct()}, true
}

// ReleaseOf is unknown: what the laws are about is the same in all releases.
func (Kind) ReleaseOf(string) string { return "" }

// WithDefaults says what a configuration of the user's own does.
func (Kind) WithDefaults(v scenarios.Variant, release string) scenarios.Variant {
	if v.OwnConfig() {
		v.Own = understand(v, release)
	}
	return v
}

// ClosesToo is "": a backend that closes as well leaves HAProxy nothing to keep.
func (Kind) ClosesToo(scenarios.Variant, string, string) string { return "" }

// Reasons are none.
func (Kind) Reasons(scenarios.Variant, preflight.Facts) []string { return nil }

// understand is nil where the configuration cannot be run at all; who renders it says why.
func understand(v scenarios.Variant, release string) *scenarios.Own {
	r, err := readOwn(v, proxy.Example(v))
	if err != nil {
		return nil
	}
	own := &scenarios.Own{Release: release, Passed: true}
	for _, f := range r.conf.Findings() {
		if f.Level == finding.Error {
			own.Wrong = append(own.Wrong, fmt.Sprintf("%s:%d: %s", r.conf.Name, f.Line, f.Text))
		}
	}
	b := r.backends[0]
	for _, x := range r.backends[:r.reached] {
		own.Routes = append(own.Routes, fmt.Sprintf("%s:%d: %s, mode %s", r.conf.Name, x.Head.Number, x.Name, x.Mode))
		if x.Conduct() != b.Conduct() || len(x.Lanes()) != len(b.Lanes()) {
			own.Unknown = fmt.Sprintf("%s may lead to backends that do different things, and each request decides",
				r.frontend.Name)
		}
	}
	own.Answer = fmt.Sprintf("the load reaches backend %s (%s:%d), mode %s, by %s",
		b.Name, r.conf.Name, b.Head.Number, b.Mode, r.frontend.Name)
	own.Laws = b.Laws(law.Setup{})
	destinations, sources := map[string]bool{}, map[string]bool{}
	for _, l := range b.Lanes() {
		destinations[l.Destination], sources[l.Source] = true, true
		own.Loopback = own.Loopback || l.Servers[0].Loopback()
	}
	own.Servers = len(destinations)
	if delete(sources, ""); len(sources) > 1 {
		own.Binds = len(sources)
	}
	return own
}
