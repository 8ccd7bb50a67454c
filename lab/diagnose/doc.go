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
//	look*.go       how it is seen: namespaces, processes, names
//	nginx*.go      how an nginx there is configured, as package lint sees it
//	arrivals.go    from the ages of TIME_WAITs to a rate and a trend
//	conclude.go    from what was seen to what follows, for one tuple
//	finding.go     what to say about it
//	report.go      lab99/diagnose/v1, and text.go the same for people
//	watch.go       how far earlier forecasts were off
//
// Neighbours: package probe reads sockets and /proc, package law has the formulas,
// package cli prints.
package diagnose
