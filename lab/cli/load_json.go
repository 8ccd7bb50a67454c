package cli

import (
	"fmt"
	"io"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/loadgen"
)

// loadDocument is what --json prints, schema lab99/load/v1: the report of
// package loadgen, and what only the command line knows.
type loadDocument struct {
	*loadgen.Report
	URL   string   `json:"url"`
	Asked string   `json:"asked"` // the schedule, as it was asked for
	Tool  lab.Tool `json:"tool"`
	// RequestedPerS is the rate the profile asks for over the time it ran;
	// null in closed mode, which asks for none.
	RequestedPerS *float64 `json:"requested_per_s"`
	// ConnectionsIdeal is how many sockets the connection policy takes when no
	// connection is lost.
	ConnectionsIdeal int64 `json:"connections_ideal"`
	// Little is mean latency × completed per second / connections: 1 in closed
	// mode unless connections stood idle; null in the other modes.
	Little *float64    `json:"little"`
	SLO    *sloOutcome `json:"slo,omitempty"`
	Search *searchRun  `json:"search,omitempty"`
	// Held is what became of connections that were held; requests are then their openings.
	Held  *loadgen.Held `json:"held,omitempty"`
	Hints []string      `json:"hints,omitempty"` // next steps, in the flags of the command

	result *loadgen.Result
	holds  string // how connections were held
}

// sloOutcome tells whether the limits asked for were kept.
type sloOutcome struct {
	Limits string `json:"limits"`
	Kept   bool   `json:"kept"`
	Why    string `json:"why,omitempty"` // not kept: the limit broken

	undecided bool // the generator may have broken it
}

// document makes the document of a run.
func (o *loadOptions) document(r *loadgen.Result) (*loadDocument, error) {
	report, err := r.Report()
	if err != nil {
		return nil, fmt.Errorf("wording the result: %w", err)
	}
	d := &loadDocument{
		Report: report, URL: o.shown, Asked: o.asked, Tool: tool(),
		ConnectionsIdeal: idealConnections(r, int64(o.config.CloseAfter)), result: r,
	}
	if o.held != nil {
		d.Held, d.holds = r.Held, o.holds()
	} else {
		d.Hints = o.hints(r)
	}
	if p := o.config.Profile; p != nil && r.Elapsed() > 0 {
		d.RequestedPerS = new(p.Count(r.Elapsed()) / r.Elapsed().Seconds())
	}
	if r.Mode == loadgen.Closed {
		d.Little = new(r.Little())
	}
	if o.slo != nil {
		d.SLO = &sloOutcome{Limits: o.sloText}
		d.SLO.Kept, d.SLO.Why = o.slo.Check(r)
		if why := o.slo.Blame(r); why != "" {
			d.SLO.Why, d.SLO.undecided = d.SLO.Why+"; "+why, true
		}
	}
	return d, nil
}

// idealConnections: kept alive, the connections asked for are opened once and
// used to the end.
func idealConnections(r *loadgen.Result, closeAfter int64) int64 {
	if closeAfter == 0 {
		return int64(r.Connections)
	}
	return (r.Sent + closeAfter - 1) / closeAfter
}

// print writes the document as JSON or as the summary people read.
func (d *loadDocument) print(w io.Writer, asJSON bool) error {
	if !asJSON {
		return printLoad(w, d)
	}
	return printEscaped(w, d)
}
