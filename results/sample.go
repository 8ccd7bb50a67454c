package results

import "time"

// The hosts of a lab.
const (
	HostLoad    = "load"
	HostProxy   = "proxy"
	HostBackend = "backend"
)

// SampleEvery is the interval of a host's samples.
const SampleEvery = 100 * time.Millisecond

// GapLimit is how many intervals may pass between two samples of a host.
const GapLimit = 5

// Sample is one line of samples.jsonl. T counts from the first scheduled send
// on CLOCK_MONOTONIC, which all hosts of a lab share because they share a
// kernel. Exactly one of the pointers is set.
type Sample struct {
	Seq       uint64     `json:"seq"` // the host's own count, without gaps
	Host      string     `json:"host"`
	T         float64    `json:"t_s"`
	Load      *Load      `json:"load,omitempty"`
	Neighbour *Neighbour `json:"neighbour,omitempty"`
	Bystander *Bystander `json:"bystander,omitempty"`
	Net       *Net       `json:"net,omitempty"`
}

// Load is what the generator did since its previous Load sample: increments,
// except InFlight, Waiting and Alive, which are levels.
type Load struct {
	IntervalS float64 `json:"interval_s"`
	Counts
	InFlight int64    `json:"in_flight"`
	Waiting  int64    `json:"waiting"`
	Errors   Errors   `json:"errors"`
	P50ms    *float64 `json:"p50_ms"` // latency of the requests that ended in the interval; nil: none did
	P99ms    *float64 `json:"p99_ms"`
	MaxMs    *float64 `json:"max_ms"`
	Alive    *int64   `json:"alive,omitempty"` // held connections; absent: requests are the load
}

// Errors counts failed requests, or lines of nginx's error log, by cause.
type Errors struct {
	Error99         int64 `json:"error_99"`
	NoLiveUpstreams int64 `json:"no_live_upstreams"`
	Other           int64 `json:"other"`
}

// Total is the number of errors of all causes.
func (e Errors) Total() int64 { return e.Error99 + e.NoLiveUpstreams + e.Other }

// Neighbour is one request to the proxy that needs no upstream.
type Neighbour struct {
	Ms     float64 `json:"ms"`
	Status int     `json:"status"` // 0: no complete answer
}

// Failed reports whether the request had no complete answer, or one outside
// 200 to 299: the page it asks for is always there.
func (n *Neighbour) Failed() bool { return n.Status < 200 || n.Status > 299 }

// Net is the TCP state of one host at a moment. Counters, Log and the processor
// times are cumulative since observation began, and a counter that is absent has not
// moved; the rest are levels.
type Net struct {
	// Sockets counts sockets by destination and state: on the proxy those
	// whose remote end is an upstream destination, on the backend those whose
	// local end is. nil in a sample that read only the cheap counters.
	Sockets  []Sockets        `json:"sockets"`
	TimeWait int64            `json:"time_wait"` // sockstat: the whole namespace
	Counters map[string]int64 `json:"counters,omitempty"`
	Log      *Errors          `json:"log,omitempty"` // proxy only
	// Error99Line is the first line of error 99 in the log, in the one sample that found it.
	Error99Line string  `json:"error_99_line,omitempty"`
	CPUSeconds  float64 `json:"cpu_s"`   // of the server's processes, user + system
	WaitS       float64 `json:"wait_s"`  // of their main threads, ready to run without a processor
	StealS      float64 `json:"steal_s"` // of all the machine's processors, taken by the hypervisor
}

// Sockets is a number of sockets in one state towards one destination.
type Sockets struct {
	Dst   string `json:"dst"`   // IP:port of the backend
	State string `json:"state"` // lower case, as ss(8) spells it
	N     int64  `json:"n"`
}

// The states that tell who holds ports. There are others (package probe).
const (
	StateEstablished = "established"
	StateSynSent     = "syn-sent"
	StateFinWait2    = "fin-wait-2"
	StateTimeWait    = "time-wait"
)

// Count adds up the sockets in a state; an empty state means all of them.
func (n *Net) Count(state string) int64 {
	var sum int64
	for _, s := range n.Sockets {
		if state == "" || s.State == state {
			sum += s.N
		}
	}
	return sum
}

// Event is one line of events.jsonl: something that happened once.
type Event struct {
	Time  string   `json:"time"` // UTC, RFC 3339 with milliseconds
	T     *float64 `json:"t_s"`  // on the load's clock; nil before the load's start is fixed
	Name  string   `json:"event"`
	Host  string   `json:"host,omitempty"`
	Text  string   `json:"text,omitempty"`
	TookS *float64 `json:"took_s,omitempty"`
}
