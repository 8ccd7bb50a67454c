package openmetrics

import (
	"cmp"
	"maps"
	"slices"

	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// The families. Names end in their unit, as Prometheus has it.
var (
	sockets = Family{
		Name: "lab99_sockets",
		Type: Gauge,
		Help: "TCP sockets towards the upstream destinations (on the proxy) or at them (on the backend), " +
			"by state as ss(8) spells it.",
	}
	timeWait = Family{"lab99_time_wait_sockets", Gauge, "",
		"TIME_WAIT sockets of the host's whole network namespace: node_sockstat_TCP_tw of a node_exporter in it."}
	tuples = Family{
		Name: "lab99_tuples",
		Type: Gauge,
		Help: "Connections that can exist towards the upstream destinations, TIME_WAIT included: " +
			"usable ports, times addresses at both ends.",
	}
	usable = Family{
		Name: "lab99_usable_ports",
		Type: Gauge,
		Help: "Usable source ports, read back from inside the proxy's network namespace.",
	}
	requests  = Family{"lab99_requests", Counter, "", "Requests answered or failed, by what came of them."}
	inFlight  = Family{"lab99_requests_in_flight", Gauge, "", "Requests sent and not yet answered."}
	waiting   = Family{"lab99_requests_waiting", Gauge, "", "Requests that wait for a free connection."}
	latencies = Family{"lab99_latency_seconds", Gauge, "seconds",
		"Latency from the intended send time of the requests that ended in the last interval."}
	neighbour = Family{
		Name: "lab99_neighbour_latency_seconds",
		Type: Gauge,
		Unit: "seconds",
		Help: "Latency of a request that needs no upstream.",
	}
	nearFailed = Family{"lab99_neighbour_failures", Counter, "", "Requests without an upstream that failed."}
	tries      = Family{"lab99_bystander_tries", Counter, "",
		"Connections tried by another program on the proxy's host, by what they were towards."}
	triesLost = Family{"lab99_bystander_failures", Counter, "", "Of these, those that failed."}
	logLines  = Family{"lab99_nginx_log_lines", Counter, "", "Lines of nginx's error log, by cause."}
	cpu       = Family{"lab99_cpu_seconds", Counter, "seconds", "Processor time of the host's server, user and system."}
	events    = Family{
		Name: "lab99_tcp_events",
		Type: Counter,
		Help: "TCP counters of the host's network namespace since observation began.",
	}
	levels = Family{
		Name: "lab99_tcp_level",
		Type: Gauge,
		Help: "Levels among the TCP and conntrack counters of the host's network namespace.",
	}
)

// levelNames are counters that are levels.
var levelNames = []string{"curr_estab", "conntrack_entries", "conntrack_max"}

// collector turns the samples of a variant into points.
type collector struct {
	set     *set
	variant string
	start   float64 // t = 0, seconds since the epoch
	fine    bool

	totals map[string]float64                  // of counters that samples have as increments
	dsts   map[string]map[results.Sockets]bool // by host: destinations and states ever seen, with N 0
	named  map[string]map[string]bool          // by host: counters ever seen
}

func (c *collector) collect(d *results.VariantData, row results.Variant) {
	all := slices.Clone(d.Samples)
	slices.SortStableFunc(all, byTime)
	first, last := all[0].T, all[len(all)-1].T
	c.fine = last-first <= fineFor
	c.survey(all)
	if !c.fine {
		all = thin(all)
	}
	for _, at := range []float64{first, last} {
		c.add(tuples, at, float64(row.Predicted.Tuples))
		if row.Ports.Usable != nil {
			c.add(usable, at, float64(*row.Ports.Usable))
		}
	}
	for _, s := range all {
		c.take(s)
	}
}

func (c *collector) take(s results.Sample) {
	switch {
	case s.Load != nil:
		c.load(s.T, s.Load)
	case s.Neighbour != nil:
		c.add(neighbour, s.T, s.Neighbour.Ms/1e3, "host", results.HostProxy)
		failed := 0.0
		if s.Neighbour.Failed() {
			failed = 1
		}
		c.count(nearFailed, s.T, failed, "host", results.HostProxy)
	case s.Bystander != nil:
		failed := 0.0
		if s.Bystander.Errno != "" {
			failed = 1
		}
		c.count(tries, s.T, 1, "kind", s.Bystander.Kind)
		c.count(triesLost, s.T, failed, "kind", s.Bystander.Kind)
	case s.Net != nil:
		c.net(s.T, s.Host, s.Net)
	}
}

func byTime(a, b results.Sample) int { return cmp.Compare(a.T, b.T) }

// survey finds what a host has at any time: what a sample does not name was 0.
func (c *collector) survey(all []results.Sample) {
	for _, s := range all {
		if s.Net == nil {
			continue
		}
		if c.dsts == nil {
			c.dsts, c.named = map[string]map[results.Sockets]bool{}, map[string]map[string]bool{}
		}
		if c.dsts[s.Host] == nil {
			c.dsts[s.Host], c.named[s.Host] = map[results.Sockets]bool{}, map[string]bool{}
		}
		for _, k := range s.Net.Sockets {
			c.dsts[s.Host][results.Sockets{Dst: k.Dst, State: k.State}] = true
		}
		for name := range s.Net.Counters {
			c.named[s.Host][name] = true
		}
	}
}

func (c *collector) load(at float64, l *results.Load) {
	host := []string{"host", results.HostLoad}
	for _, o := range []struct {
		name string
		n    int64
	}{
		{"ok", l.OK},
		{"error_99", l.Errors.Error99},
		{"no_live_upstreams", l.Errors.NoLiveUpstreams},
		{"other", l.Errors.Other},
	} {
		c.count(requests, at, float64(o.n), "host", results.HostLoad, "outcome", o.name)
	}
	for name, n := range figures.All(l.Counts) {
		if name.Help != "" { // else it is in requests, by outcome
			c.count(Family{requests.Name + "_" + name.JSON, Counter, "", name.Help}, at, float64(n), host...)
		}
	}
	c.add(inFlight, at, float64(l.InFlight), host...)
	c.add(waiting, at, float64(l.Waiting), host...)
	for _, o := range []struct {
		name string
		ms   *float64
	}{{"p50", l.P50ms}, {"p99", l.P99ms}, {"max", l.MaxMs}} {
		if o.ms != nil {
			c.add(latencies, at, *o.ms/1e3, "host", results.HostLoad, "statistic", o.name)
		}
	}
}

func (c *collector) net(at float64, host string, n *results.Net) {
	if n.Sockets != nil {
		now := map[results.Sockets]int64{}
		for _, k := range n.Sockets {
			now[results.Sockets{Dst: k.Dst, State: k.State}] += k.N
		}
		for _, k := range slices.SortedFunc(maps.Keys(c.dsts[host]), func(a, b results.Sockets) int {
			return cmp.Or(cmp.Compare(a.Dst, b.Dst), cmp.Compare(a.State, b.State))
		}) {
			c.add(sockets, at, float64(now[k]), "host", host, "state", k.State, "destination", k.Dst)
		}
	}
	c.add(timeWait, at, float64(n.TimeWait), "host", host)
	c.add(cpu, at, n.CPUSeconds, "host", host)
	for _, name := range slices.Sorted(maps.Keys(c.named[host])) {
		if slices.Contains(levelNames, name) {
			c.add(levels, at, float64(n.Counters[name]), "host", host, "level", name)
			continue
		}
		c.add(events, at, float64(n.Counters[name]), "host", host, "event", name)
	}
	if n.Log != nil {
		c.add(logLines, at, float64(n.Log.Error99), "host", host, "cause", "error_99")
		c.add(logLines, at, float64(n.Log.NoLiveUpstreams), "host", host, "cause", "no_live_upstreams")
		c.add(logLines, at, float64(n.Log.Other), "host", host, "cause", "other")
	}
}

// add adds a level, or a counter that is cumulative already.
func (c *collector) add(f Family, at, value float64, pairs ...string) {
	c.set.add(f, c.labels(pairs), c.start+at, value, c.fine)
}

// count adds an increment.
func (c *collector) count(f Family, at, more float64, pairs ...string) {
	l := c.labels(pairs)
	if c.totals == nil {
		c.totals = map[string]float64{}
	}
	c.totals[f.Name+l] += more
	c.set.add(f, l, c.start+at, c.totals[f.Name+l], c.fine)
}

func (c *collector) labels(pairs []string) string {
	return labels(append([]string{"variant", c.variant}, pairs...)...)
}
