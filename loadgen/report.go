package loadgen

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/loadgen/figures"
)

// ReportSchema names the format of Report.
const ReportSchema = "lab99/load/v1"

// Report is a Result as JSON: the figures people read, in the units they read
// them in, and the histograms whole, so that [Report.Result] gives back what
// [Merge] can add.
type Report = Record

// Record is what a Result and its Report share, which is all but the histograms.
// What is marked as derived is there in a Report only. What has merge:"+" is
// added up by Merge.
type Record struct {
	Schema   string    `json:"schema"`    // derived
	StartUTC time.Time `json:"start_utc"` // t = 0 of the schedule, for results of several machines
	ElapsedS float64   `json:"elapsed_s"` // derived: of the schedule
	Mode     Mode      `json:"mode"`
	Engine   string    `json:"engine,omitempty"` // "portable", which is less exact; "" is that of Linux
	figures.Counts
	Unfinished   int64   `json:"unfinished" merge:"+"`
	OfferedPerS  float64 `json:"offered_per_s"`  // derived: scheduled
	AchievedPerS float64 `json:"achieved_per_s"` // derived: ok in time
	// OKInTime and EndedInTime are the requests that had succeeded, and ended
	// either way, when the schedule ended: a rate is theirs over Elapsed. What
	// comes in the drain is no evidence that the target kept up.
	OKInTime    int64 `json:"ok_in_time" merge:"+"`
	EndedInTime int64 `json:"ended_in_time" merge:"+"`
	// The quantiles are derived. null: nothing ended.
	LatencyMs       *Quantiles       `json:"latency_ms"` // ok and failed
	LatencyOKMs     *Quantiles       `json:"latency_ok_ms"`
	LatencyFailedMs *Quantiles       `json:"latency_failed_ms"`
	ServiceMs       *Quantiles       `json:"service_ms"`
	LatenessUs      *Quantiles       `json:"lateness_us"`
	ConnectMs       *Quantiles       `json:"connect_ms"`
	Causes          map[string]int64 `json:"causes"`
	Status          map[int]int64    `json:"status"`     // final responses by status code, complete ones only
	FirstOfS        map[string]Time  `json:"first_of_s"` // derived: seconds after t = 0
	// OKBeforeFirst are the requests that had succeeded before the first failure
	// by each cause.
	OKBeforeFirst map[string]int64 `json:"ok_before_first,omitempty"`
	Connections   int              `json:"connections" merge:"+"` // as asked
	// Established over the run; Connections is perfect keep-alive.
	ConnectionsOpened int64 `json:"connections_opened" merge:"+"`
	PeakConnections   int64 `json:"peak_connections" merge:"+"` // most established at once
	// Closed by the server between requests: not an error.
	ClosedIdle int64 `json:"closed_idle" merge:"+"`
	// Closed because bytes came between requests: the server's framing is broken.
	Unasked int64 `json:"unasked" merge:"+"`
	// Requests whose kept-alive connection ended before any byte came back.
	ReuseEnded int64 `json:"reuse_ended" merge:"+"`
	// Requests sent a second time; see Config.RetryStale.
	Retried       int64 `json:"retried" merge:"+"`
	Interim       int64 `json:"interim" merge:"+"` // 1xx responses skipped
	BytesReceived int64 `json:"bytes_received" merge:"+"`
	BytesSent     int64 `json:"bytes_sent" merge:"+"`
	// ClosesAfter is the number of responses after which the server closes its
	// connections at once and unannounced; 0: there is no such rule to be seen.
	ClosesAfter int64 `json:"closes_after,omitempty"`
	// Addresses are what was connected to in turn, LeftOut those of the name that
	// took no connection when the run began, and why.
	Addresses []string          `json:"addresses,omitempty"`
	LeftOut   map[string]string `json:"left_out,omitempty"`
	// Why the first that did not connect did not, its address first.
	ConnectWhy      string   `json:"connect_why,omitempty"`
	BadWhy          string   `json:"bad_why,omitempty"`    // what was wrong with the first CauseBadResponse
	BadSample       []byte   `json:"bad_sample,omitempty"` // and the bytes read last when it showed, at most 256
	Loops           int      `json:"loops" merge:"+"`
	CPUUser         Time     `json:"cpu_user_s" merge:"+"` // of the loop threads
	CPUSys          Time     `json:"cpu_sys_s" merge:"+"`
	CPUUsPerRequest *float64 `json:"cpu_us_per_request"` // derived; null: nothing was sent

	// Bottleneck says whose limit the run met: "generator", "target" or
	// "none" (the schedule was met with room to spare), and Why in a sentence.
	Bottleneck string `json:"bottleneck"`
	Why        string `json:"why"`

	// OwnLimit is set when this host, not the target, ran out of something:
	// a sentence that names whose source ports or file descriptors. Such a
	// run says nothing about the target.
	OwnLimit    string `json:"own_limit,omitempty"`
	StoppedBy   string `json:"stopped_by,omitempty"` // the Stop that ended the schedule, as "cause ×count"
	Interrupted bool   `json:"interrupted"`          // the context ended the schedule

	StartNs int64 `json:"start_ns"` // t = 0 of the schedule, CLOCK_MONOTONIC of the machine
	EndNs   int64 `json:"end_ns"`   // end of the schedule
	DoneNs  int64 `json:"done_ns"`  // end of the drain

	// Histograms are derived: in nanoseconds, in HdrHistogram's V2 compressed
	// base64.
	Histograms map[string]string `json:"histograms"`
}

// Time is a duration that JSON shows in seconds, to the nanosecond.
type Time time.Duration

// Seconds is t in seconds.
func (t Time) Seconds() float64 { return time.Duration(t).Seconds() }

func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.Seconds()) }

func (t *Time) UnmarshalJSON(b []byte) error {
	var s float64
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Time(math.Round(s * 1e9))
	return nil
}

// Quantiles of a histogram, in the unit its field names, and its mean.
type Quantiles struct {
	Mean float64 `json:"mean"`
	figures.Latency
}

func quantiles(h *hdrhistogram.Histogram, unit time.Duration) *Quantiles {
	q := figures.Quantiles(h, float64(unit))
	if q == nil {
		return nil
	}
	return &Quantiles{figures.Round(h.Mean(), float64(unit)), *q}
}

// histograms names the histograms of r for Report.Histograms.
func (r *Result) histograms() map[string]**hdrhistogram.Histogram {
	return map[string]**hdrhistogram.Histogram{
		"latency":    &r.Latency,
		"latency_ok": &r.LatencyOK,
		"service":    &r.Service,
		"lateness":   &r.Lateness,
		"connect":    &r.Connect,
	}
}

// Report makes the JSON form of r.
func (r *Result) Report() (*Report, error) {
	p := r.Record
	p.Schema, p.ElapsedS = ReportSchema, r.Elapsed().Seconds()
	if s := p.ElapsedS; s > 0 {
		p.OfferedPerS, p.AchievedPerS = float64(r.Scheduled)/s, float64(r.OKInTime)/s
	}
	p.LatencyMs, p.LatencyOKMs = quantiles(r.Latency, time.Millisecond), quantiles(r.LatencyOK, time.Millisecond)
	p.LatencyFailedMs = quantiles(r.LatencyFailed(), time.Millisecond)
	p.ServiceMs, p.ConnectMs = quantiles(r.Service, time.Millisecond), quantiles(r.Connect, time.Millisecond)
	p.LatenessUs = quantiles(r.Lateness, time.Microsecond)
	p.FirstOfS, p.Histograms = make(map[string]Time), make(map[string]string)
	if r.Sent > 0 {
		p.CPUUsPerRequest = new(float64(r.CPUUser+r.CPUSys) / 1e3 / float64(r.Sent))
	}
	for k, at := range r.FirstOf {
		p.FirstOfS[k] = Time(at - r.StartNs)
	}
	for name, h := range r.histograms() {
		b, err := (*h).EncodeV2()
		if err != nil {
			return nil, fmt.Errorf("encoding the %s histogram: %w", name, err)
		}
		p.Histograms[name] = string(b)
	}
	return &p, nil
}

// ReadReport reads the JSON of one Report.
func ReadReport(from io.Reader) (*Report, error) {
	var p Report
	err := json.NewDecoder(from).Decode(&p)
	if other := (*json.UnmarshalTypeError)(nil); errors.As(err, &other) { // its text is about Go's types
		return nil, fmt.Errorf("reading a load report: %s is a JSON %s, want what `lab99 load --json` prints",
			cmp.Or(other.Field, "it"), other.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a load report: %w", err)
	}
	if p.Schema != ReportSchema {
		return nil, fmt.Errorf("reading a load report: its schema is %q, want %q", p.Schema, ReportSchema)
	}
	return &p, nil
}

// Result makes the Result that p was made of.
func (p *Report) Result() (*Result, error) {
	r := &Result{Record: *p, FirstOf: make(map[string]int64)}
	for k, t := range p.FirstOfS {
		r.FirstOf[k] = p.StartNs + int64(t)
	}
	for name, h := range r.histograms() {
		var err error
		if *h, err = hdrhistogram.Decode([]byte(p.Histograms[name])); err != nil {
			return nil, fmt.Errorf("load report: decoding the %s histogram: %w", name, err)
		}
	}
	return r, nil
}
