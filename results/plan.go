package results

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/lab99/lab99/lab/law"
)

// PlanSchema names the format of plan.json.
const PlanSchema = "lab99/plan/v1"

// Plan is a run before it happens: every size, overlay and override applied.
type Plan struct {
	Schema   string `json:"schema"`
	Scenario string `json:"scenario"`
	Source   string `json:"source"` // SHA-256 of the scenario's files
	Title    string `json:"title"`
	// One of failure, mitigation, myth, harm or new-failure; empty: a file that does not say.
	Kind     string        `json:"kind,omitempty"`
	Size     string        `json:"size"`
	Set      []string      `json:"set,omitempty"` // the --set overrides, as given
	Driver   string        `json:"driver"`
	Note     string        `json:"note,omitempty"` // free text of the user's, --note
	Seed     int64         `json:"seed"`
	Variants []VariantPlan `json:"variants"`
	Hash     string        `json:"hash"` // SHA-256 of what is asked for: the plan without Hash, Note and predictions
}

// VariantPlan is one row of the comparison, resolved.
type VariantPlan struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	// The overlay on the baseline, one "path: value" per line; empty for the baseline.
	Change      []string `json:"change"`
	Proxy       string   `json:"proxy,omitempty"`        // how people call the kind of proxy; empty: nginx
	ProxyFile   string   `json:"proxy_file,omitempty"`   // its configuration among the results; empty: nginx.conf
	ProxyImage  string   `json:"proxy_image"`            // as asked
	BackendKind string   `json:"backend_kind"`           // httpd, agent, php-fpm …; of older runs nginx
	Backend     string   `json:"backend,omitempty"`      // how people call it; empty: Apache, or lab99 itself
	BackendFile string   `json:"backend_file,omitempty"` // its configuration among the results; empty: httpd.conf
	BackendImg  string   `json:"backend_image"`
	PortLow     int      `json:"port_low"`
	PortHigh    int      `json:"port_high"`
	RatePerS    float64  `json:"rate_per_s"`
	DurationS   float64  `json:"duration_s"`
	StopAfterS  *float64 `json:"stop_after_error_99_s"` // null: the load runs its whole profile
	Connections int      `json:"connections"`
	TimeoutS    float64  `json:"timeout_s"`
	Addresses   int      `json:"addresses"`
	Ports       int      `json:"backend_ports,omitempty"`    // at each address; 0: 1
	Sources     int      `json:"source_addresses,omitempty"` // of the proxy; 0: 1
	Profile     string   `json:"profile,omitempty"`          // the rate over time; empty: constant
	BurstS      float64  `json:"burst_s,omitempty"`          // between bursts, where the profile is made of them
	// How long the load keeps to RatePerS: to its end, or until the profile changes it.
	SteadyS float64 `json:"steady_s,omitempty"`
	Method  string  `json:"method,omitempty"`
	DelayS  float64 `json:"backend_delay_s,omitempty"` // before each response
	// Who closes first is not settled by configuration: f is an outcome.
	Race      bool              `json:"race,omitempty"`
	Random    bool              `json:"random,omitempty"`         // Poisson arrivals
	Retries   bool              `json:"retries,omitempty"`        // nginx may try several peers for a request, or none
	Peers     int               `json:"peers,omitempty"`          // that nginx has for it
	MaxFails  int               `json:"max_fails,omitempty"`      // failures after which one is taken out; 0: never
	FailS     float64           `json:"fail_timeout_s,omitempty"` // and for how long
	OneTry    bool              `json:"one_try,omitempty"`        // proxy_next_upstream off
	Claims    []law.Claim       `json:"claims,omitempty"`         // about figures of the result, beside the verdict
	Keepalive int               `json:"keepalive"`
	Workers   int               `json:"workers"`
	Sysctls   map[string]string `json:"sysctls"` // of the proxy's namespace
	OwnConfig string            `json:"own_config,omitempty"`
	Answer    string            `json:"answer,omitempty"` // who answers the load, by a configuration of the user's own
	Cached    string            `json:"cached,omitempty"` // what may answer in the backend's place
	Hidden    string            `json:"hidden,omitempty"` // what keeps a failed connect() from clients
	// What differs from the scenario format's defaults, by the keys of --set.
	Settings  map[string]string `json:"settings,omitempty"`
	Expect    string            `json:"expect"` // a verdict, or "predicted"
	Predicted law.Prediction    `json:"predicted"`
	Setup     *law.Setup        `json:"setup,omitempty"` // what the laws were told; nil: a plan of before it was kept
}

// Seal fills in Schema and Hash. Two plans with one hash ask for the same run.
func (p *Plan) Seal() error {
	p.Schema = PlanSchema
	c := *p
	c.Hash, c.Note = "", ""
	c.Variants = slices.Clone(p.Variants)
	for i := range c.Variants {
		c.Variants[i].Predicted, c.Variants[i].Setup = law.Prediction{}, nil // depend on the machine
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	p.Hash = hex.EncodeToString(sum[:])
	return nil
}

// pathName is what a variant may be called: it becomes part of paths.
var pathName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// maxVariants bounds what is drawn of a directory that nobody vouches for.
const maxVariants = 100

// sound checks what a stored plan is trusted with.
func (p *Plan) sound() error {
	if err := readable(p.Schema, PlanSchema); err != nil {
		return err
	}
	if n := len(p.Variants); n == 0 || n > maxVariants {
		return fmt.Errorf("%d variants, want 1 to %d", n, maxVariants)
	}
	seen := map[string]bool{}
	for _, v := range p.Variants {
		if !pathName.MatchString(v.Name) || seen[v.Name] {
			return fmt.Errorf("a variant is named %q, want lower-case letters, digits and dashes, each name once",
				v.Name)
		}
		seen[v.Name] = true
	}
	return nil
}
