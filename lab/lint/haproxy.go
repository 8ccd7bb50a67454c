package lint

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/internal/table"
	"github.com/lab99/lab99/scenarios/haproxyconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// The kinds of configuration, as proxy.kind has them.
const (
	KindNginx   = "nginx"
	KindHAProxy = "haproxy"
)

// Kinds are the kinds that can be read.
func Kinds() []string { return []string{KindNginx, KindHAProxy} }

// HAProxy is what a route through HAProxy has, and nginx's has not.
type HAProxy struct {
	Mode       string `json:"mode"`
	Reuse      string `json:"http_reuse"` // "": not in HTTP mode
	Retries    int    `json:"retries"`
	Redispatch bool   `json:"redispatch"`
	// Pairs of a source and a destination, each of which has all ports: K = ports × lanes.
	Lanes    int    `json:"lanes"`
	PortsBy  string `json:"ports_by"`  // who chooses the source port: kernel, list, client
	OwnPorts int    `json:"own_ports"` // in the list of the lane that gets most; 0: none
	MaxConn  int    `json:"maxconn"`   // connections of all lanes at once; 0: no limit
	FullConn int    `json:"fullconn"`  // 0: not set
	// How long servers stay out at most that checks found without a port, once ports are back.
	BlackoutS float64 `json:"blackout_s"`
}

// NewHAProxy looks at a configuration of HAProxy that was read as the file name.
func NewHAProxy(name string, c *haproxyconf.Config) *Report {
	r := &Report{
		Schema: Schema, File: name, Kind: KindHAProxy, haproxy: c,
		Files: []string{c.Name}, Routes: []Route{}, Findings: []Finding{},
	}
	for _, b := range c.Backends() {
		r.Routes = append(r.Routes, routeOfBackend(c.Name, b))
	}
	for _, f := range c.Findings() {
		r.Findings = append(r.Findings, Finding{Finding: f, Docs: Docs(f.ID)})
	}
	return r
}

func routeOfBackend(file string, b *haproxyconf.Backend) Route {
	lanes, heaviest, conduct := b.Lanes(), b.Heaviest(), b.Conduct()
	h := &HAProxy{
		Mode: b.Mode, Retries: b.Retries, Redispatch: b.Redispatch, Lanes: len(lanes), PortsBy: "kernel",
		FullConn: b.FullConn, BlackoutS: b.Checked().Seconds(), OwnPorts: conduct.OwnPorts,
	}
	r := Route{Sources: 1, Tries: b.Tries(), HAProxy: h, Row: nginxconf.Row{
		File: file, Line: b.Head.Number, Server: frontends(b), Upstream: b.Name, Protocol: nginxconf.TCP,
		Ports: len(lanes) > 0, ClosesFirst: "haproxy", Pool: nginxconf.RowPool{State: nginxconf.PoolWorks},
	}}
	sources, destinations := map[string]bool{}, map[string]float64{}
	unlimited := false
	for _, l := range lanes {
		sources[l.Source] = true
		destinations[l.Destination] += l.Share
		h.MaxConn += l.Limit
		unlimited = unlimited || l.Limit == 0
	}
	if unlimited {
		h.MaxConn = 0
	}
	r.Sources, r.Destinations = max(1, len(sources)), len(destinations)
	for _, share := range destinations {
		r.HeaviestShare = max(r.HeaviestShare, share)
	}
	r.Peers = b.Peers()
	if heaviest != nil {
		switch source := b.SourceOf(heaviest.Servers[0]); {
		case source.UseSrc == "client":
			h.PortsBy = "client"
		case heaviest.Own > 0:
			h.PortsBy = "list"
		}
	}
	if b.Mode == haproxyconf.ModeHTTP {
		h.Reuse, r.HTTPVersion, r.Protocol = b.Reuse, "1.1", nginxconf.HTTP
		if b.Close != "" {
			r.Connection = "close"
		}
		if heaviest != nil && heaviest.Servers[0].TLS {
			r.Protocol = nginxconf.HTTPS
		}
		if heaviest != nil && heaviest.Servers[0].H2 {
			r.HTTPVersion, r.Connection = "2", ""
		}
	}
	r.CloseShare = new(conduct.CloseShare)
	switch {
	case r.Peers == 0:
		r.ClosesFirst, *r.CloseShare = nginxconf.ClosedByNobody, 0
	case len(lanes) == 0:
		*r.CloseShare = 0
	}
	if pooled, why := b.Pooled(); !pooled {
		r.Pool.State, r.Pool.Why = nginxconf.PoolNone, &why
	} else if n, limited := b.Idle(); limited {
		r.Pool.Size = n
	}
	by := b.ModeLine
	if b.Mode == haproxyconf.ModeHTTP {
		by = cmp.Or(b.CloseLine, b.ReuseLine)
	}
	if by != nil {
		r.Pool.Line = &by.Number
	}
	return r
}

// frontends are the names of those that lead to a backend.
func frontends(b *haproxyconf.Backend) string {
	var names []string
	for _, f := range b.From {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	if names == nil {
		return "–"
	}
	return strings.Join(names, ", ")
}

// backends writes the table of a HAProxy configuration.
func (r *Report) backends(p *printer) {
	p.f("%s: %s, HAProxy\n", r.File, format.Plural(len(r.Routes), "backend"))
	if len(r.Routes) == 0 {
		return
	}
	p.f("\n")
	WriteBackends(p, r.Routes)
}

// WriteBackends writes the backends of a HAProxy configuration, a line each.
func WriteBackends(w io.Writer, backends []Route) {
	tw := table.New(w)
	fmt.Fprintln(tw, "line\tfrontend\tbackend\tmode\tpool\tcloses first\tf\ttries\tports by\tK")
	for _, x := range backends {
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
			x.Line, short(x.Server), upstream(x.Row), x.HAProxy.Mode,
			poolOfBackend(x), endOfBackend(x), strconv.FormatFloat(*x.CloseShare, 'g', 2, 64), x.Tries,
			x.HAProxy.chooser(), x.HAProxy.table())
	}
	tw.Flush()
}

func poolOfBackend(x Route) string {
	switch {
	case x.Pool.State == nginxconf.PoolNone:
		return "none"
	case x.Pool.Size == 0:
		return x.HAProxy.Reuse
	}
	return fmt.Sprintf("%s, %d idle", x.HAProxy.Reuse, x.Pool.Size)
}

// endOfBackend is who closes first, and how.
func endOfBackend(x Route) string {
	switch {
	case x.ClosesFirst == nginxconf.ClosedByNobody:
		return "nobody"
	case *x.CloseShare == 0 && x.Ports:
		return "by a reset"
	}
	return "as the client"
}

func (h *HAProxy) chooser() string {
	if h.Lanes == 0 {
		return "no ports"
	}
	return h.PortsBy
}

// table is K in words: P is what ip_local_port_range has.
func (h *HAProxy) table() string {
	switch {
	case h.Lanes == 0:
		return "–"
	case h.OwnPorts > 0:
		return format.Grouped(h.OwnPorts) + ", reused"
	case h.Lanes == 1:
		return "P"
	}
	return fmt.Sprintf("%d P", h.Lanes)
}
