// Package backend is the lab's own upstream, for behaviour that Apache cannot
// show: an answer after a set delay, and above all a close that comes late.
//
// Who closes first holds TIME_WAIT, and who closes first while the other does
// not close at all sits in FIN_WAIT2: both depend on the moment of the
// backend's FIN, which no directive of Apache's moves. Apart from that moment
// this server is dull on purpose. It parses just enough of HTTP/1.x to find
// where a request ends, and answers each with 1 KB, so that a response is one
// segment.
//
// A connection costs one goroutine and a small buffer while it waits for a
// request, and only a timer while it waits to be closed.
//
// Neighbours: lab/cli runs it as a hidden subcommand, and the drivers put that
// into the backend's host where a scenario asks for it.
package backend
