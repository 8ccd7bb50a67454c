// Package upstream has the protocols that nginx speaks to a backend besides HTTP: what
// its configuration says, who ends a connection, and what makes a backend ready.
//
// A protocol is one file here and one line in all. Everything else in lab99 knows it by its
// name in upstream.protocol. HTTP is none of these: its lines and its laws have keys of
// their own in a scenario (proxy.http, backend.tls, backend.keepalive). Nor are stream and
// websocket, which carry connections that are held (load.hold, law.Setup.Holding).
//
// Neighbours: package lab/law has the endings, which package scenarios/nginxconf asks as
// well; package lab/proxy has the backends, each of which says what it speaks; packages
// scenarios and results are told of a protocol, and know none of themselves.
package upstream

import (
	"slices"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// Protocol is one of them.
type Protocol struct {
	// Name is the word for it in upstream.protocol, and what the directives of nginx's module
	// begin with: fastcgi_pass, fastcgi_bind, fastcgi_next_upstream.
	Name string

	// Lines are what a location needs besides NAME_pass. root is the directory of the
	// backend's pages, in its host.
	Lines func(v scenarios.Variant, root string) []string

	// Ending is who ends a connection.
	Ending func(v scenarios.Variant) law.Ending

	// Pool is what nginx's pool takes in its configuration, and what may go wrong with it.
	Pool results.Pool

	// Seed is what a backend has to be told before it can answer, and SeedReply what it says
	// then; "": a backend that accepts a connection is ready.
	Seed, SeedReply string
}

var all = []Protocol{fastCGI, uwsgi, gRPC, memcached}

func init() {
	for _, p := range all {
		register(p)
	}
}

// register makes a protocol known to scenario files and to reports.
func register(p Protocol) {
	scenarios.RegisterProtocol(p.Name)
	results.RegisterPool(p.Name, p.Pool)
}

// Names are the words for them.
func Names() (names []string) {
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

// Of is the protocol of a variant; false for HTTP.
func Of(v scenarios.Variant) (Protocol, bool) {
	i := slices.IndexFunc(all, func(p Protocol) bool { return p.Name == v.Upstream.Protocol })
	if i < 0 {
		return Protocol{}, false
	}
	return all[i], true
}

// EndingOf is who ends a connection of a variant; false for HTTP.
func EndingOf(v scenarios.Variant) (law.Ending, bool) {
	p, ok := Of(v)
	if !ok {
		return law.Ending{}, false
	}
	return p.Ending(v), true
}

// always is an ending that no key changes.
func always(e law.Ending) func(scenarios.Variant) law.Ending {
	return func(scenarios.Variant) law.Ending { return e }
}
