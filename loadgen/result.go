package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Counts are the requests of a run or of an interval.
type Counts struct {
	Scheduled int64
	Sent      int64
	OK        int64 // ended with a complete 2xx or 3xx response
	Failed    int64
	Late      int64
	Queued    int64
	Dropped   int64
}

func (c *Counts) add(d *Counts) {
	c.Scheduled += d.Scheduled
	c.Sent += d.Sent
	c.OK += d.OK
	c.Failed += d.Failed
	c.Late += d.Late
	c.Queued += d.Queued
	c.Dropped += d.Dropped
}

func (c *Counts) sub(d *Counts) {
	c.Scheduled -= d.Scheduled
	c.Sent -= d.Sent
	c.OK -= d.OK
	c.Failed -= d.Failed
	c.Late -= d.Late
	c.Queued -= d.Queued
	c.Dropped -= d.Dropped
}

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
	Counts
	Unfinished int64
	// OKInTime and EndedInTime are the requests that had succeeded, and ended
	// either way, when the schedule ended: a rate is theirs over Elapsed. What
	// comes in the drain is no evidence that the target kept up.
	OKInTime    int64
	EndedInTime int64
	Causes      map[string]int64
	Status      map[int]int64 // final responses by status code, complete ones only

	Latency   *hdrhistogram.Histogram // all that ended, failures and timeouts included
	LatencyOK *hdrhistogram.Histogram // those that succeeded
	Service   *hdrhistogram.Histogram // all that ended, from the send (after connect, if it had to connect)
	Lateness  *hdrhistogram.Histogram // of requests not queued; empty in Closed mode
	Connect   *hdrhistogram.Histogram // of connections established

	// FirstOf is the CLOCK_MONOTONIC moment of the first failure by each
	// cause; OKBeforeFirst the requests that had succeeded before it.
	FirstOf       map[string]int64
	OKBeforeFirst map[string]int64

	StartUTC time.Time // t = 0 of the schedule, for results of several machines

	StartNs int64 // t = 0 of the schedule, CLOCK_MONOTONIC
	EndNs   int64 // end of the schedule
	DoneNs  int64 // end of the drain

	Mode              Mode
	Connections       int // as asked
	Loops             int
	ConnectionsOpened int64 // established over the run; Connections is perfect keep-alive
	PeakConnections   int64 // most established at once
	ClosedIdle        int64 // closed by the server between requests: not an error
	Unasked           int64 // closed because bytes came between requests: the server's framing is broken
	Interim           int64 // 1xx responses skipped
	BytesReceived     int64
	BytesSent         int64
	BadWhy            string // what was wrong with the first CauseBadResponse
	BadSample         []byte // and the bytes read last when it showed, at most 256

	CPUUser time.Duration // of the loop threads
	CPUSys  time.Duration

	// Bottleneck says whose limit the run met: "generator", "target" or
	// "none" (the schedule was met with room to spare), and Why in a sentence.
	Bottleneck string
	Why        string

	// OwnLimit is set when this host, not the target, ran out of something:
	// a sentence that names whose source ports or file descriptors. Such a
	// run says nothing about the target.
	OwnLimit string

	StoppedBy   string // the Stop that ended the schedule, as "cause ×count"; "" otherwise
	Interrupted bool   // the context ended the schedule
}

// Elapsed is the length of the schedule.
func (r *Result) Elapsed() time.Duration { return time.Duration(r.EndNs - r.StartNs) }
