package nginxconf

// Row is a route as lab99/lint/v1 writes it.
type Row struct {
	File          string   `json:"file"`
	Line          int      `json:"line"` // of the pass
	Server        string   `json:"server"`
	Location      string   `json:"location"`
	Protocol      Protocol `json:"protocol"`
	Upstream      string   `json:"upstream"` // the group or host; the pass as written where it is unknown
	Peers         int      `json:"peers"`
	Destinations  int      `json:"destinations"` // a name counts as one
	HeaviestShare float64  `json:"heaviest_share"`
	HTTPVersion   string   `json:"http_version"`
	Connection    string   `json:"connection"`
	Pool          RowPool  `json:"pool"`
	ClosesFirst   Closer   `json:"closes_first"`
	CloseShare    *float64 `json:"close_share"` // null: a race
	Ports         bool     `json:"ports"`
}

// RowPool is the pool of a Row.
type RowPool struct {
	Size  int       `json:"size"` // per worker
	State PoolState `json:"state"`
	Line  *int      `json:"line"` // null: no directive made it
	Why   *string   `json:"why"`  // null where it works
}

// Row is the route as lab99/lint/v1 writes it.
func (r *Route) Row() Row {
	row := Row{
		File: r.Pass.Tree.Name, Line: r.Pass.Line, Server: r.Server.Name(), Location: r.LocationName(),
		Protocol: r.Protocol, Upstream: r.Pass.Arg(1), Destinations: len(r.Destinations()),
		HeaviestShare: r.HeaviestShare(),
		HTTPVersion:   r.HTTPVersion, Connection: r.Header.Value,
		Pool:        RowPool{Size: r.Pool.Size, State: r.Pool.State},
		ClosesFirst: r.ClosesFirst, CloseShare: r.CloseShare, Ports: r.Ports(),
	}
	if r.Upstream != nil {
		row.Upstream, row.Peers = r.Upstream.Name, len(r.Upstream.Peers)
	}
	if r.Pool.Directive != nil {
		row.Pool.Line = &r.Pool.Directive.Line
	}
	if r.Pool.Why != "" {
		row.Pool.Why = &r.Pool.Why
	}
	return row
}
