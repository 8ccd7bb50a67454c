// Package loadgen drives HTTP/1.1 load at a stated rate and reports honestly
// what came of it.
//
// It is an open-loop generator: a pure [Profile] says when each request should
// be sent, and latency counts from that moment, whether or not a connection
// was free then. A slow server therefore cannot slow the schedule down and hide
// its own slowness (coordinated omission). A request whose time came while all
// connections were busy waits as a number, not as memory; its wait counts.
// [Closed] mode, maximum rate, is there too and is named as such.
//
// # Words
//
//	scheduled   its intended time came before the schedule ended
//	sent        handed to a connection (for a connection still to be opened:
//	            connect began); scheduled = sent + dropped
//	ok, failed  how a sent request ended; sent = ok + failed + unfinished
//	late        sent more than 10 ms after its time though a connection was
//	            free: the generator's fault
//	queued      waited because no connection was free: the target's slowness
//	dropped     waited longer than the timeout and was never sent
//	unfinished  sent, and still in flight when the drain ended
//	latency     from the intended time to the last byte
//	service     from the actual send to the last byte
//	lateness    from the intended time to the send, of requests not queued
//
// A failed request has exactly one cause; see [CauseTimeout] and its
// neighbours. There is no hidden retry: one scheduled request is at most one
// request on the wire, unless [Config.RetryStale] asks for more, which
// [Result] then counts.
//
// # How it works
//
// N event loops own their connections, buffers, histograms and counters outright:
// nothing is shared or locked per request. Every 100 ms a loop hands its counters
// to one collector goroutine, which calls [Config.OnSnapshot]. Responses are read
// by an exact parser of HTTP/1.1. How a loop reaches its connections is an
// engine's.
//
// On Linux a loop has an OS thread of its own, and an epoll instance, and
// allocates nothing per request; TLS puts crypto/tls between it and the socket, at
// a price ([Config.TLS]). In an open loop the CPU goes into waking up. So the loop
// naps from one send to the next and reads afterwards what came meanwhile;
// SO_TIMESTAMPNS tells when that arrived, so latency ends when the kernel had the
// last byte, not when the generator got round to it. A loop waits in the kernel
// without telling the Go runtime, for at most 10 ms at a time, so garbage
// collection elsewhere in the program may wait as long. [Run] itself makes so
// little garbage that none is collected in a run of minutes.
//
// Elsewhere the portable engine has a goroutine for each loop and two for each
// connection, through package net. What is counted, and how, is the same; the
// tests of this package hold both to it. It is less exact and costs more:
//
//   - Timers are up to a millisecond or two late, and lateness says so. [Spin] is refused.
//   - A response arrives when its goroutine has read it. After a pause of the whole
//     process longer than [Config.Timeout] what came meanwhile has timed out.
//   - [CauseStaleReuse] is only what met an end that had been read before the send;
//     for the rest nobody tells whether the server had the request.
//   - [Config.CPUs] is refused. [Config.Sources] take a port each towards all
//     destinations, not only towards the target.
//   - CPUUser and CPUSys are the whole process's. The generator is so sooner called
//     the limit, rather than the target.
//
// [Hold] drives connections that are held open instead of requests, at rates that
// are low enough for a goroutine each. It needs Linux.
//
// Around [Run]: [FindMax] searches for the highest rate that keeps an SLO,
// [Merge] adds the results of several generators, [Report] and
// [Result.WriteOpenMetrics] and [Hlog] export them, [Debug] shows one exchange.
//
// All timestamps are nanoseconds of CLOCK_MONOTONIC, so they compare across
// the processes and network namespaces of one kernel. Where there is no such clock
// they are of Go's monotonic one, and compare within the process.
package loadgen
