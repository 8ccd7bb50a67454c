// Package diagnose looks at a running host and says which tuples run out of source
// ports, when, and why. It changes nothing: files are opened for reading, and the only
// netlink request is sock_diag's.
//
// It has two halves. Look (Linux) takes a Snapshot: for every network namespace that the
// caller may see, the sockets by source and destination, the usable ports, the sysctls
// and the counters. Conclude makes a Report of it by package law, without I/O, so that a
// recorded snapshot is a test.
//
// One dump of sockets is a minute of history, since each TIME_WAIT tells how long it
// still lasts: arrivals.go makes of that how many begin per second now, and how that
// changes. From there law.State goes on to the first error 99.
//
//	snapshot.go    what was seen
//	look*.go       how it is seen, find*.go which namespaces there are, name*.go what they are called,
//	               read*.go what is in one
//	rights*.go     what it takes to see what was not seen
//	configured.go  how a proxy there is configured: nginx*.go as package lint sees it, haproxy*.go
//	requests*.go   what its access logs have more between two looks
//	below*.go      their files, which may be an enemy's
//	arrivals.go    from the ages of TIME_WAITs to a rate and a trend
//	rivals.go      which connections run out of ports together: bindfirst.go tells programs
//	               that bind first
//	earlier.go     what an earlier look adds
//	otherend.go    who accepts
//	conclude.go    from what was seen to what follows, for one tuple
//	finding.go     the rules, of which each says one thing (rule_*.go)
//	proxies.go     how each kind of proxy uses connections again
//	trace*.go      what connect() came to meanwhile, as package trace counts it
//	report.go      lab99/diagnose/v1, and text.go the same for people
//	again.go       what it takes to re-enact what was seen
//	watch.go       how far earlier forecasts were off
//
// Neighbours: package probe reads sockets and /proc, package law has the formulas,
// package cli prints.
package diagnose
