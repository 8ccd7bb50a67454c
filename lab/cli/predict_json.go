package cli

import (
	"encoding/json"
	"io"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// prediction is an answer for programs; results/schema has its schema.
type prediction struct {
	outlook
	Mitigations map[string]outlook `json:"mitigations"`
	Route       *predictedRoute    `json:"route,omitempty"`
	Newer       *prediction        `json:"newer,omitempty"`  // from 1.29.7 on, where the release is unknown and decides
	Kernel      *predictedKernel   `json:"kernel,omitempty"` // with --kernel
}

// predictedKernel is the kernel that the figures are for.
type predictedKernel struct {
	ability.Known
	TimeWaitLeastS float64 `json:"time_wait_least_s"`
	TimeWaitMostS  float64 `json:"time_wait_most_s"`
}

// outlook is what the laws say. Behind a NAT no error 99 comes, and what does is
// apart.
type outlook struct {
	law.SteadyState
	NAT *natOutlook `json:"nat,omitempty"`
}

type natOutlook struct {
	FirstTimeoutS   *float64 `json:"first_timeout_s"`
	OKBeforeTimeout *int     `json:"ok_before_timeout"`
}

// predictedRoute is the route that the figures are of.
type predictedRoute struct {
	File            string   `json:"file"`
	Line            int      `json:"line"`
	Server          string   `json:"server"`
	Location        string   `json:"location"`
	Protocol        string   `json:"protocol"`
	Upstream        string   `json:"upstream"`
	Ports           bool     `json:"ports"`
	Sources         int      `json:"sources"`
	Destinations    int      `json:"destinations"`
	HeaviestShare   float64  `json:"heaviest_share"`
	Heaviest        *string  `json:"heaviest"`
	CloseShare      *float64 `json:"close_share"`
	Churn           float64  `json:"churn"`
	Keepalive       int      `json:"keepalive"`
	RequestsPerConn int      `json:"requests_per_connection"`
	Tries           int      `json:"tries"`
	Loopback        bool     `json:"loopback"`
	Workers         *int     `json:"workers"`
	Assumed         []string `json:"assumed"`
}

func (a answer) document() *prediction {
	p := &prediction{outlook: outlookOf(a.setup, a.SteadyState), Mitigations: map[string]outlook{}}
	if a.kernel != nil {
		least, most := a.kernel.TimeWait()
		p.Kernel = &predictedKernel{*a.kernel, least.Seconds(), most.Seconds()}
	}
	for _, m := range a.mitigations {
		p.Mitigations[m.Name] = outlookOf(m.Setup, m.SteadyState)
	}
	return p
}

func outlookOf(s law.Setup, o law.SteadyState) outlook {
	if !s.NAT {
		return outlook{SteadyState: o}
	}
	nat := &natOutlook{o.FirstError99S, o.OKBeforeError99}
	o.FirstError99S, o.OKBeforeError99 = nil, nil
	if law.Fails(o.Verdict) { // by something else than error 99
		o.Verdict = law.NotReproduced
	}
	return outlook{o, nat}
}

// routeOf is what a route itself says of it.
func routeOf(r *nginxconf.Route) predictedRoute {
	row := r.Row()
	return predictedRoute{
		File:          row.File,
		Line:          row.Line,
		Server:        row.Server,
		Location:      row.Location,
		Protocol:      string(row.Protocol),
		Upstream:      row.Upstream,
		Ports:         row.Ports,
		Destinations:  row.Destinations,
		HeaviestShare: row.HeaviestShare,
		Tries:         r.Retry.PerFailure,
	}
}

func (a *fileAnswer) document(newer *fileAnswer) *prediction {
	p := a.answer.document()
	s, r := a.setup, a.route
	r.Sources, r.Loopback = s.Sources, s.Loopback
	r.Churn, r.Keepalive, r.RequestsPerConn = s.Churn, s.Keepalive, s.RequestsPerConn
	r.Assumed = append([]string{}, a.assumed...)
	share := r.HeaviestShare
	r.HeaviestShare = 0
	p.Route = &r
	if r.Ports {
		r.Destinations = s.Destinations
		r.HeaviestShare = 1 / float64(s.Destinations)
	}
	if a.told.Heavy != "" && s.HeaviestShare > 0 {
		r.Heaviest, r.HeaviestShare = &a.told.Heavy, share
	}
	if !s.Race {
		p.Route.CloseShare = &s.CloseShare
	}
	if a.workers > 0 {
		p.Route.Workers = &a.workers
	}
	for _, text := range []string{a.race(), a.churn(), a.uneven()} {
		if text != "" {
			p.Route.Assumed = append(p.Route.Assumed, text)
		}
	}
	if newer != nil {
		p.Newer = newer.document(nil)
	}
	return p
}

// printEscaped prints JSON with <, > and & as \u003c and the like, as the older documents have them.
func printEscaped(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printJSON leaves them as they are.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
