package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/loadgen/figures"
)

// Counts are the requests of a run or of an interval.
type Counts = figures.Counts

// Snapshot is what happened in one interval. Counts and Causes are increments.
type Snapshot struct {
	MonoNs   int64 // CLOCK_MONOTONIC at the end of the interval
	Interval time.Duration
	Counts
	Causes map[string]int64 // failures by cause; causes that did not occur are absent

	InFlight int64 // sent, not ended
	Waiting  int64 // scheduled, not sent
	Open     int64 // connections established

	// Latency of the requests that ended in the interval.
	N                  int64
	P50, P90, P99, Max time.Duration
	// Latency in nanoseconds, whole. Valid only during the call of OnSnapshot.
	Latency *hdrhistogram.Histogram
}

// Result is a whole run. It always holds that
//
//	Scheduled = Sent + Dropped
//	Sent = OK + Failed + Unfinished
//	Failed = the sum of Causes
//
// All histograms are in nanoseconds, of one layout (three significant digits
// up to an hour), so that those of several results merge without loss.
type Result struct {
	Record

	Latency   *hdrhistogram.Histogram // all that ended, failures and timeouts included
	LatencyOK *hdrhistogram.Histogram // those that succeeded
	Service   *hdrhistogram.Histogram // all that ended, from the send (after connect, if it had to connect)
	Lateness  *hdrhistogram.Histogram // of requests not queued; empty in Closed mode
	Connect   *hdrhistogram.Histogram // of connections established

	// Held is what became of connections that were held; nil of requests.
	Held *Held

	// FirstOf is the CLOCK_MONOTONIC moment of the first failure by each cause.
	FirstOf map[string]int64
}

// LatencyFailed is that of the requests that failed: a generator that mixes them
// with the others lets fast error pages flatter a target that is down.
func (r *Result) LatencyFailed() *hdrhistogram.Histogram { return minus(r.Latency, r.LatencyOK) }

// Elapsed is the length of the schedule.
func (r *Record) Elapsed() time.Duration { return time.Duration(r.EndNs - r.StartNs) }
