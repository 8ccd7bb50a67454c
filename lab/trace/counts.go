package trace

import (
	"net/netip"
	"time"
)

// Options say what to count.
type Options struct {
	// Namespace is the inode of the only network namespace to count in; 0: all.
	Namespace uint64
}

// Counts are what connect() came to since the trace began.
type Counts struct {
	For      time.Duration // since it began
	Failures []Failure     // the most frequent first

	Succeeded Histogram // and what goes on: EINPROGRESS
	NoPort    Histogram // failed with EADDRNOTAVAIL, error 99
	Failed    Histogram // otherwise

	// Lost is how many calls may be missing: those that found no room in a map, whose address
	// could not be read, or for which the kernel did not run the program.
	Lost int64
}

// Failure is how often connect() of one process failed with one errno towards one
// destination.
type Failure struct {
	Namespace uint64 // the inode of the network namespace; 0: unknown
	PID       int    // in the machine's PID namespace
	Process   string // the name of the thread that failed first, as in /proc/PID/comm
	To        netip.AddrPort
	Errno     int
	Name      string // EADDRNOTAVAIL
	Count     int64
}

// Histogram counts calls by how long they took: bucket i has those from 2^i to
// 2^(i+1)-1 nanoseconds.
type Histogram [64]int64

// Count is how many calls there were.
func (h *Histogram) Count() (n int64) {
	for _, c := range h {
		n += c
	}
	return n
}

// Quantile is a time that at least the share q of the calls did not exceed: the end of a
// bucket, so at most twice the true one. 0: there was no call.
func (h *Histogram) Quantile(q float64) time.Duration {
	all, seen := h.Count(), int64(0)
	for i, c := range h {
		if seen += c; c > 0 && float64(seen) >= q*float64(all) {
			return time.Duration(min(uint64(1)<<(i+1)-1, 1<<63-1))
		}
	}
	return 0
}
