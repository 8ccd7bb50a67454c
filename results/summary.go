package results

import (
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/loadgen/figures"
)

// SummarySchema names the format of summary.json, kept stable; its JSON Schema
// is in the package schema.
const SummarySchema = "lab99/summary/v1"

// Summary is the whole run in one page of JSON. Fields not measured are null,
// never 0.
type Summary struct {
	Schema     string    `json:"schema"`
	Scenario   string    `json:"scenario"`
	Title      string    `json:"title"`
	Kind       string    `json:"kind,omitempty"` // of the scenario, as in the plan
	Size       string    `json:"size"`
	StartedUTC string    `json:"started_utc"`
	PlanHash   string    `json:"plan_hash"`
	AsExpected *bool     `json:"as_expected"` // null: inconclusive, invalid or error among the variants and none false
	Finding    string    `json:"finding"`     // one sentence
	Partial    bool      `json:"partial"`     // interrupted before the last variant ended
	Notes      []string  `json:"notes"`       // what a reader must know first, such as a substituted image
	Variants   []Variant `json:"variants"`
	// Skipped are the variants of the plan that were not run. They count neither way.
	Skipped []SkippedVariant `json:"skipped,omitempty"`
}

// SkippedVariant is one that a run leaves out, as the kernel lacks what it needs.
type SkippedVariant struct {
	Name string `json:"name"`
	Why  string `json:"why"` // what is lacking, the rest of a sentence
}

// Variant is one row.
type Variant struct {
	Name        string  `json:"name"`
	Proxy       string  `json:"proxy,omitempty"` // how people call the kind of proxy; empty: nginx
	Verdict     string  `json:"verdict"`
	Expected    string  `json:"expected"` // the verdict asked for, after "predicted" was looked up
	AsExpected  *bool   `json:"as_expected"`
	Why         string  `json:"why"` // the verdict in one sentence
	Collapsed   bool    `json:"collapsed"`
	OfferedPerS float64 `json:"offered_per_s"`
	OptionalCounts
	Unfinished *int64  `json:"unfinished"`
	Held       *Held   `json:"held,omitempty"` // only where connections were held: requests are then their openings
	Errors     *Errors `json:"errors"`
	NginxLog   *Errors `json:"nginx_log"` // of any kind of proxy; the name is the first one's
	// connect() calls of the proxy that failed with error 99, by the kernel.
	Connect99  *int64   `json:"connect_error_99,omitempty"`
	FirstError *float64 `json:"first_error_99_s"`
	OKBefore   *int64   `json:"ok_before_error_99"`
	CollapseS  *float64 `json:"collapse_s"`
	RecoveredS *float64 `json:"recovered_s"`
	// No success for so long after the first failure; of another kind of proxy than nginx.
	BlackoutS  *float64       `json:"blackout_s,omitempty"`
	LoadEndS   *float64       `json:"load_end_s"`
	Predicted  law.Prediction `json:"predicted"`
	NewConns   *int64         `json:"new_connections"`
	ReuseRatio *float64       `json:"reuse_ratio"`
	CloseShare *float64       `json:"proxy_close_share"`
	RhoSteady  *float64       `json:"rho_steady"`
	Ports      Ports          `json:"ports"`
	TimeWait   TimeWait       `json:"time_wait"`
	Latency    *Latency       `json:"latency_ms"` // of all that ended: fast error pages are among them
	// Those that succeeded, and those that failed, apart. Absent: there were none,
	// or the run is of a lab99 that did not tell them apart.
	LatencyOK     *Latency        `json:"latency_ok_ms,omitempty"`
	LatencyFailed *Latency        `json:"latency_failed_ms,omitempty"`
	Service       *Latency        `json:"service_ms"`
	Neighbour     *NeighbourMs    `json:"neighbour_ms"`
	Bystander     *BystanderTries `json:"bystander,omitempty"` // only where the scenario has one
	Timing        Timing          `json:"timing"`
	CPU           CPU             `json:"cpu"`
	Checks        []Check         `json:"checks"`
	Comparisons   []Comparison    `json:"comparisons"` // what was predicted beside what was measured
}

// Ports are the tuples of the proxy towards its upstream destinations.
type Ports struct {
	Usable   *int64 `json:"usable"`    // P, read back from inside the namespace
	PeakUsed *int64 `json:"peak_used"` // most sockets at once, all destinations
}

// TimeWait says which end of the upstream connections held TIME_WAIT.
type TimeWait struct {
	ProxyPeak   *int64 `json:"proxy_peak"`
	BackendPeak *int64 `json:"backend_peak"`
	// AtEnd says how those behind proxy_close_share were counted: the kernel of the
	// run counts a TIME_WAIT when it ends, so they were told by the sockets there
	// were and those that had ended.
	AtEnd bool `json:"counted_at_end,omitempty"`
}

// Latency holds quantiles, in milliseconds where nothing else is said.
type Latency = figures.Latency

// Succeeded is the latency of the requests that succeeded; nil where an older
// lab99 did not tell them from those that failed, or where there were none.
func (v *Variant) Succeeded() *Latency {
	if v.LatencyOK == nil && v.Failed != nil && *v.Failed == 0 {
		return v.Latency
	}
	return v.LatencyOK
}

// NeighbourMs is the latency of the neighbour request in milliseconds.
type NeighbourMs struct {
	P50    float64 `json:"p50"`
	Max    float64 `json:"max"`
	Failed int64   `json:"failed"`
}

// Timing is how long the lab itself took, in seconds. The "enter" figures
// count from the start of the command and are null after the first variant.
type Timing struct {
	UpS             *float64 `json:"up_s"`
	DownS           *float64 `json:"down_s"`
	EnterToLoadS    *float64 `json:"enter_to_load_s"`
	EnterToError99S *float64 `json:"enter_to_first_error_99_s"`
	LoadS           *float64 `json:"load_s"`
}

// CPU is processor use during the load, in cores.
type CPU struct {
	Proxy   *float64 `json:"proxy"`
	Backend *float64 `json:"backend"`
	LoadGen *float64 `json:"loadgen"`
}

// Check is one thing the judge looked at.
type Check struct {
	ID        string   `json:"id,omitempty"` // of the law, or of the other thing that was checked
	Name      string   `json:"name"`
	OK        *bool    `json:"ok"` // null: could not be told
	Law       string   `json:"law"`
	Predicted *float64 `json:"predicted"`
	Measured  *float64 `json:"measured"`
	Text      string   `json:"text"`
}

// Comparison is a predicted quantity beside the measured one, in words: law.Compared is
// the two as a law has them, before the judge. A difference beyond
// the tolerance is a finding: Broken names the assumption of the laws that the run
// broke.
type Comparison struct {
	ID       string `json:"id,omitempty"` // of the law
	Quantity string `json:"quantity"`
	// One of s, requests, tuples, sockets, lines, law.Share, or "" for a ratio.
	Unit      string   `json:"unit"`
	Predicted *float64 `json:"predicted"` // null: it should not come
	// The far end where the law gives an interval from Predicted on.
	PredictedMost *float64 `json:"predicted_most,omitempty"`
	Measured      *float64 `json:"measured"`       // null: it did not come
	RelativeError *float64 `json:"relative_error"` // measured/predicted − 1; null where that makes no sense
	Tolerance     float64  `json:"tolerance"`      // in the unit
	OK            bool     `json:"ok"`
	Broken        *string  `json:"broken_assumption"` // null: within the tolerance
	Text          string   `json:"text"`
}

// Off is how far the measurement lies from the prediction, with its sign, and 0
// within an interval. nil where one of the two is missing.
func (c Comparison) Off() *float64 {
	return law.Compared{Predicted: c.Predicted, Most: c.PredictedMost, Measured: c.Measured}.Off()
}
