package loadgen

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ReportSchema names the format of Report.
const ReportSchema = "lab99/load/v1"

// Report is a Result as JSON: the figures people read, in the units they read
// them in, and the histograms whole, so that [Report.Result] gives back what
// [Merge] can add.
type Report struct {
	Schema            string           `json:"schema"`
	StartUTC          time.Time        `json:"start_utc"`
	ElapsedS          float64          `json:"elapsed_s"` // of the schedule
	Mode              string           `json:"mode"`
	Scheduled         int64            `json:"scheduled"`
	Sent              int64            `json:"sent"`
	OK                int64            `json:"ok"`
	Failed            int64            `json:"failed"`
	Late              int64            `json:"late"`
	Queued            int64            `json:"queued"`
	Dropped           int64            `json:"dropped"`
	Unfinished        int64            `json:"unfinished"`
	OfferedPerS       float64          `json:"offered_per_s"`  // scheduled
	AchievedPerS      float64          `json:"achieved_per_s"` // ok
	OKInTime          int64            `json:"ok_in_time"`     // of those, before the schedule ended
	EndedInTime       int64            `json:"ended_in_time"`
	LatencyMs         *Quantiles       `json:"latency_ms"` // null: nothing ended
	LatencyOKMs       *Quantiles       `json:"latency_ok_ms"`
	ServiceMs         *Quantiles       `json:"service_ms"`
	LatenessUs        *Quantiles       `json:"lateness_us"`
	ConnectMs         *Quantiles       `json:"connect_ms"`
	Causes            map[string]int64 `json:"causes"`
	Status            map[int]int64    `json:"status"`
	FirstOfS          map[string]Time  `json:"first_of_s"` // seconds after t = 0
	OKBeforeFirst     map[string]int64 `json:"ok_before_first,omitempty"`
	Connections       int              `json:"connections"`
	ConnectionsOpened int64            `json:"connections_opened"`
	PeakConnections   int64            `json:"peak_connections"`
	ClosedIdle        int64            `json:"closed_idle"`
	Unasked           int64            `json:"unasked"`
	Interim           int64            `json:"interim"`
	BytesReceived     int64            `json:"bytes_received"`
	BytesSent         int64            `json:"bytes_sent"`
	BadWhy            string           `json:"bad_why,omitempty"`
	BadSample         []byte           `json:"bad_sample,omitempty"`
	Loops             int              `json:"loops"`
	CPUUserS          Time             `json:"cpu_user_s"`
	CPUSysS           Time             `json:"cpu_sys_s"`
	CPUUsPerRequest   *float64         `json:"cpu_us_per_request"` // null: nothing was sent
	Bottleneck        string           `json:"bottleneck"`
	Why               string           `json:"why"`
	OwnLimit          string           `json:"own_limit,omitempty"`
	StoppedBy         string           `json:"stopped_by,omitempty"`
	Interrupted       bool             `json:"interrupted"`
	StartNs           int64            `json:"start_ns"` // CLOCK_MONOTONIC of the machine
	EndNs             int64            `json:"end_ns"`
	DoneNs            int64            `json:"done_ns"`
	// Histograms are in nanoseconds, in HdrHistogram's V2 compressed base64.
	Histograms map[string]string `json:"histograms"`
}

// Time is a duration that JSON shows in seconds, to the nanosecond.
type Time time.Duration

func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(t).Seconds()) }

func (t *Time) UnmarshalJSON(b []byte) error {
	var s float64
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = Time(math.Round(s * 1e9))
	return nil
}

// Quantiles of a histogram, in the unit its field names.
type Quantiles struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func quantiles(h *hdrhistogram.Histogram, unit time.Duration) *Quantiles {
	if h.TotalCount() == 0 {
		return nil
	}
	q := h.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	in := func(ns float64) float64 { return math.Round(ns/float64(unit)*1e4) / 1e4 }
	return &Quantiles{in(h.Mean()), in(float64(q[0])), in(float64(q[1])), in(float64(q[2])), in(float64(q[3])), in(float64(h.Max()))}
}

// histograms names the histograms of r for Report.Histograms.
func (r *Result) histograms() map[string]**hdrhistogram.Histogram {
	return map[string]**hdrhistogram.Histogram{
		"latency": &r.Latency, "latency_ok": &r.LatencyOK, "service": &r.Service, "lateness": &r.Lateness, "connect": &r.Connect,
	}
}

// Report makes the JSON form of r.
func (r *Result) Report() (*Report, error) {
	s := r.Elapsed().Seconds()
	perSecond := func(n int64) float64 {
		if s <= 0 {
			return 0
		}
		return float64(n) / s
	}
	p := &Report{
		Schema: ReportSchema, StartUTC: r.StartUTC, ElapsedS: s, Mode: r.Mode.String(),
		Scheduled: r.Scheduled, Sent: r.Sent, OK: r.OK, Failed: r.Failed, Late: r.Late, Queued: r.Queued, Dropped: r.Dropped,
		Unfinished: r.Unfinished, OfferedPerS: perSecond(r.Scheduled), AchievedPerS: perSecond(r.OKInTime),
		OKInTime: r.OKInTime, EndedInTime: r.EndedInTime,
		LatencyMs: quantiles(r.Latency, time.Millisecond), LatencyOKMs: quantiles(r.LatencyOK, time.Millisecond),
		ServiceMs: quantiles(r.Service, time.Millisecond), LatenessUs: quantiles(r.Lateness, time.Microsecond),
		ConnectMs: quantiles(r.Connect, time.Millisecond),
		Causes:    r.Causes, Status: r.Status, FirstOfS: make(map[string]Time), OKBeforeFirst: r.OKBeforeFirst,
		Connections: r.Connections, ConnectionsOpened: r.ConnectionsOpened, PeakConnections: r.PeakConnections,
		ClosedIdle: r.ClosedIdle, Unasked: r.Unasked, Interim: r.Interim, BytesReceived: r.BytesReceived, BytesSent: r.BytesSent,
		BadWhy: r.BadWhy, BadSample: r.BadSample, Loops: r.Loops, CPUUserS: Time(r.CPUUser), CPUSysS: Time(r.CPUSys),
		Bottleneck: r.Bottleneck, Why: r.Why, OwnLimit: r.OwnLimit, StoppedBy: r.StoppedBy, Interrupted: r.Interrupted,
		StartNs: r.StartNs, EndNs: r.EndNs, DoneNs: r.DoneNs, Histograms: make(map[string]string),
	}
	if r.Sent > 0 {
		us := float64(r.CPUUser+r.CPUSys) / 1e3 / float64(r.Sent)
		p.CPUUsPerRequest = &us
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
	return p, nil
}

// ReadReport reads the JSON of one Report.
func ReadReport(from io.Reader) (*Report, error) {
	var p Report
	if err := json.NewDecoder(from).Decode(&p); err != nil {
		return nil, fmt.Errorf("reading a load report: %w", err)
	}
	if p.Schema != ReportSchema {
		return nil, fmt.Errorf("reading a load report: its schema is %q, want %q", p.Schema, ReportSchema)
	}
	return &p, nil
}

// Result makes the Result that p was made of.
func (p *Report) Result() (*Result, error) {
	mode, err := ParseMode(p.Mode)
	if err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	r := &Result{
		Counts:     Counts{p.Scheduled, p.Sent, p.OK, p.Failed, p.Late, p.Queued, p.Dropped},
		Unfinished: p.Unfinished, OKInTime: p.OKInTime, EndedInTime: p.EndedInTime, Causes: p.Causes, Status: p.Status,
		FirstOf: make(map[string]int64), OKBeforeFirst: p.OKBeforeFirst,
		StartUTC: p.StartUTC, StartNs: p.StartNs, EndNs: p.EndNs, DoneNs: p.DoneNs,
		Mode: mode, Connections: p.Connections, Loops: p.Loops,
		ConnectionsOpened: p.ConnectionsOpened, PeakConnections: p.PeakConnections,
		ClosedIdle: p.ClosedIdle, Unasked: p.Unasked, Interim: p.Interim,
		BytesReceived: p.BytesReceived, BytesSent: p.BytesSent, BadWhy: p.BadWhy, BadSample: p.BadSample,
		CPUUser: time.Duration(p.CPUUserS), CPUSys: time.Duration(p.CPUSysS),
		Bottleneck: p.Bottleneck, Why: p.Why, OwnLimit: p.OwnLimit, StoppedBy: p.StoppedBy, Interrupted: p.Interrupted,
	}
	for k, t := range p.FirstOfS {
		r.FirstOf[k] = p.StartNs + int64(t)
	}
	for name, h := range r.histograms() {
		if *h, err = hdrhistogram.Decode([]byte(p.Histograms[name])); err != nil {
			return nil, fmt.Errorf("load report: decoding the %s histogram: %w", name, err)
		}
	}
	return r, nil
}
