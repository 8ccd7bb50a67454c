package results

import "github.com/lab99/lab99/loadgen/figures"

// The counts of a load's requests, in every record of it.
type (
	Counts         = figures.Counts
	OptionalCounts = figures.Optional
	Held           = figures.Held // what became of connections that were held
)

// TotalsFile holds the generator's totals of a variant.
const TotalsFile = "load.json"

// Totals is the whole of what the generator did in a variant. It always holds
// that Scheduled = Sent + Dropped, Sent = OK + Failed + Unfinished, and that
// the causes add up to Failed.
type Totals struct {
	StartNs int64 `json:"start_ns"` // CLOCK_MONOTONIC of the first scheduled send
	EndNs   int64 `json:"end_ns"`   // of the schedule, before the drain
	Counts
	Unfinished  int64            `json:"unfinished"`
	Causes      map[string]int64 `json:"causes"`
	Errors      Errors           `json:"errors"` // the causes, folded into the lab's three
	FirstError  *int64           `json:"first_error_99_ns"`
	OKBefore    *int64           `json:"ok_before_error_99"`
	LatenessP99 float64          `json:"lateness_p99_us"`
	Opened      int64            `json:"connections_opened"` // client connections, to the proxy
	Held        *Held            `json:"held,omitempty"`     // of a load of held connections
	CPUSeconds  float64          `json:"cpu_s"`
	Generators  int              `json:"generators,omitempty"` // that shared the load; 0: one
	// Requests that each of them sent: of the load host, of load-2, ….
	SentBy      []int64 `json:"sent_by,omitempty"`
	OwnLimit    string  `json:"own_limit,omitempty"` // which of its own limits the generator hit
	Bottleneck  string  `json:"bottleneck,omitempty"`
	StoppedBy   string  `json:"stopped_by,omitempty"`
	Interrupted bool    `json:"interrupted,omitempty"`
}

// LoadSeconds is how long the schedule ran.
func (t *Totals) LoadSeconds() float64 { return float64(t.EndNs-t.StartNs) / 1e9 }
