package law

// A Figure is a number of a variant's result about which a scenario can make a claim. The
// scenario's format has its name, the judge reads it, and the report words it.
type Figure struct {
	Name  string // in a claim
	Words string // for a reader who does not know the context, of nginx
	Unit  string // as a Law's; "": a ratio, or things that the words name
	Of    func(Row) *float64
}

// Row is the result of a variant, as a figure is read from it. A number is nil if it was
// not measured.
type Row interface {
	// Field is a number of the variant's row, by where summary.json has it: "errors.error_99".
	Field(path string) *float64
	// Counter is a counter of the proxy's kernel over the run.
	Counter(name string) *float64
}

// Figures are those that a claim can be about, in the order in which a reader meets
// them. A new one is a line here, and in no other place.
var Figures = []Figure{
	{"ok", "requests that succeeded", "", field("ok")},
	{"failed", "requests that failed", "", field("failed")},
	{"failed_share", "requests that failed", Share, per("failed", "sent")},
	{"error_99", "requests failed by error 99", "", field("errors.error_99")},
	{"no_live_upstreams", "requests failed by “no live upstreams”", "", field("errors.no_live_upstreams")},
	{"other_failures", "requests failed otherwise", "", field("errors.other")},
	{"dropped", "requests never sent", "", field("dropped")},
	{"log_error_99", "error 99 in nginx's log", "lines", field("nginx_log.error_99")},
	{"log_no_live_upstreams", "“no live upstreams” in nginx's log", "lines", field("nginx_log.no_live_upstreams")},
	{"log_other", "other errors in nginx's log", "lines", field("nginx_log.other")},
	{"first_error_99_s", "first error 99", Seconds, field("first_error_99_s")},
	{"new_connections", "new connections to the backend", "", field("new_connections")},
	{"connections_per_request", "new connections per request", "", churned},
	{"close_share", "connections that nginx closed first, f", Share, field("proxy_close_share")},
	{"rho", "load factor ρ", "", field("rho_steady")},
	{"time_wait_proxy", "TIME_WAIT on nginx's side, peak", "sockets", field("time_wait.proxy_peak")},
	{"time_wait_backend", "TIME_WAIT on the backend's side, peak", "sockets", field("time_wait.backend_peak")},
	{"ports_peak", "ports taken, peak", "", field("ports.peak_used")},
	{"neighbour_max_ms", "slowest neighbour request", Milliseconds, field("neighbour_ms.max")},
	{"p99_ms", "latency p99", Milliseconds, field("latency_ms.p99")},
	{"tw_recycled", "ports reused out of TIME_WAIT", "", counter("time_wait_recycled")},
	{"tw_overflow", "TIME_WAIT dropped at the cap", "sockets", counter("time_wait_overflow")},
	{"collapse_s", "collapse of the throughput", Seconds, field("collapse_s")},
	{"recovered_s", "recovery", Seconds, field("recovered_s")},
	{"log_lines_per_failure", "error-99 lines in nginx's log per failed request", "",
		per("nginx_log.error_99", "errors.error_99")},
	{"tries_per_failure", "connect() calls per failed request", "", per("connect_error_99", "errors.error_99")},
	{"connect_error_99", "connect() calls that failed with error 99", "", field("connect_error_99")},
	{"blackout_s", "blackout after the first failure", Seconds, field("blackout_s")},
	{"alive_peak", "held connections alive at once, at the most", "", field("held.peak")},
	{"held_broken", "held connections that broke", "", broken},
	{"bystander_backend_failed", "bystander's failed connections to the backend",
		"", field("bystander.backend.failed")},
	{"bystander_elsewhere_failed", "bystander's failed connections elsewhere", "", field("bystander.elsewhere.failed")},
	{"bystander_bind_failed", "bystander's failed connections after bind()", "", field("bystander.bind.failed")},
}

// FigureNames are their names.
func FigureNames() []string {
	var names []string
	for _, f := range Figures {
		names = append(names, f.Name)
	}
	return names
}

// FigureOf is the figure of a name; nil if there is none.
func FigureOf(name string) *Figure {
	for i := range Figures {
		if Figures[i].Name == name {
			return &Figures[i]
		}
	}
	return nil
}

func field(path string) func(Row) *float64 {
	return func(r Row) *float64 { return r.Field(path) }
}

func counter(name string) func(Row) *float64 {
	return func(r Row) *float64 { return r.Counter(name) }
}

func per(a, b string) func(Row) *float64 {
	return func(r Row) *float64 { return quotient(r.Field(a), r.Field(b)) }
}

// churned is new connections per request that the proxy took to the backend.
func churned(r Row) *float64 {
	sent, noPort, noPeer := r.Field("sent"), r.Field("errors.error_99"), r.Field("errors.no_live_upstreams")
	if sent == nil || noPort == nil || noPeer == nil {
		return nil
	}
	return quotient(r.Field("new_connections"), float(*sent-*noPort-*noPeer))
}

// broken counts the overdue, too: the server was to close them, and did not.
func broken(r Row) *float64 {
	early, overdue := r.Field("held.broken"), r.Field("held.overdue")
	if early == nil || overdue == nil {
		return nil
	}
	return float(*early + *overdue)
}

// quotient is nil where there is nothing to divide, or to divide by.
func quotient(a, b *float64) *float64 {
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	return float(*a / *b)
}
