package exporter

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/procfs"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/results/openmetrics"
)

// The families of a pair have its labels: namespace, source, destination.
var pairs = []struct {
	openmetrics.Family
	value func(*diagnose.Tuple) *float64 // nil: not known, and left out
}{
	{openmetrics.Family{Name: "lab99_ephemeral_ports_taken", Type: openmetrics.Gauge,
		Help: "Source ports that connections of this pair hold, TIME_WAIT included, without those that tcp_tw_reuse " +
			"gives to connect()."},
		func(t *diagnose.Tuple) *float64 { return number(t.Taken - t.Reusable) }},
	{openmetrics.Family{Name: "lab99_ephemeral_ports_usable", Type: openmetrics.Gauge,
		Help: "Source ports that connect() may choose from for this pair: the range, " +
			"less reserved ports and those that somebody has bound."},
		func(t *diagnose.Tuple) *float64 {
			if t.Tuples == nil {
				return nil
			}
			return number(*t.Tuples)
		}},
	{openmetrics.Family{Name: "lab99_seconds_to_exhaustion", Type: openmetrics.Gauge,
		Help: "Seconds from the scan to the first error 99 if the load goes on: 0 it is there, " +
			"+Inf it is not due. Left out where too little is known."},
		untilExhaustion},
	{openmetrics.Family{Name: "lab99_time_wait_per_second", Type: openmetrics.Gauge,
		Help: "TIME_WAITs that begin at this end per second, now."},
		func(t *diagnose.Tuple) *float64 { return &t.TimeWaitsPerS }},
	{openmetrics.Family{Name: "lab99_safe_time_wait_per_second", Type: openmetrics.Gauge,
		Help: "TIME_WAITs per second that the ports bear for good."},
		func(t *diagnose.Tuple) *float64 { return t.SafePerS }},
}

func number(n int) *float64 { return new(float64(n)) }

// untilExhaustion is +Inf where error 99 is known not to come, so that a comparison, min()
// and min_over_time() do what they say. A series that is left out means that nothing is
// known.
func untilExhaustion(t *diagnose.Tuple) *float64 {
	switch {
	case t.State == diagnose.Exhausted:
		return new(float64)
	case t.FirstError99S != nil:
		return t.FirstError99S
	case t.State == diagnose.Unknown:
		return nil
	case t.State == diagnose.Slow && t.HalfRangeS != nil && *t.HalfRangeS > 0: // the cores come to an end first
		return t.HalfRangeS
	}
	return new(math.Inf(1))
}

// The families of the host, and of the scan itself.
var (
	leftOut = openmetrics.Family{Name: "lab99_pairs_left_out", Type: openmetrics.Gauge,
		Help: "Pairs of source and destination that are emptier than those shown."}
	namespaces = openmetrics.Family{Name: "lab99_namespaces", Type: openmetrics.Gauge,
		Help: "Network namespaces by how they were looked at: in full, from outside (ports unknown), " +
			"or not, as too few sockets are in them (quiet)."}
	unseen = openmetrics.Family{Name: "lab99_unseen", Type: openmetrics.Gauge,
		Help: "What could not be looked at: lab99 diagnose lists it, and what it would take."}
	horizon = openmetrics.Family{Name: "lab99_alarm_horizon_seconds", Type: openmetrics.Gauge, Unit: "seconds",
		Help: "An error 99 that is due within this time is an alarm: --horizon."}
	scans = openmetrics.Family{Name: "lab99_scans", Type: openmetrics.Counter,
		Help: "Times that the host was looked at."}
	scanTime = openmetrics.Family{Name: "lab99_scan_timestamp_seconds", Type: openmetrics.Gauge, Unit: "seconds",
		Help: "When the scan began that these metrics are from, since the epoch."}
	scanDuration = openmetrics.Family{Name: "lab99_scan_duration_seconds", Type: openmetrics.Gauge, Unit: "seconds",
		Help: "How long that scan took."}
	build = openmetrics.Family{Name: "lab99_build", Type: openmetrics.Info,
		Help: "The version that runs."}
	cpu = openmetrics.Family{Name: "process_cpu_seconds", Type: openmetrics.Counter, Unit: "seconds",
		Help: "Processor time of this program, user and system."}
	memory = openmetrics.Family{Name: "process_resident_memory_bytes", Type: openmetrics.Gauge, Unit: "bytes",
		Help: "Resident memory of this program."}
)

// metrics is the text for a look.
func (e *Exporter) metrics(l look, made int) []byte {
	var x openmetrics.Exposition
	names := unique(l.report.Namespaces)
	for _, f := range pairs {
		x.Family(f.Family)
		for i := range l.report.Namespaces {
			for j := range l.report.Namespaces[i].Tuples {
				t := &l.report.Namespaces[i].Tuples[j]
				if v := f.value(t); v != nil {
					x.Add(*v, "namespace", names[i], "source", t.Source, "destination", t.Destination)
				}
			}
		}
	}
	others, how := 0, map[string]int{}
	for _, n := range l.report.Namespaces {
		others += n.Others
		how[seen(n)]++
	}
	one := func(f openmetrics.Family, v float64, labels ...string) {
		x.Family(f)
		x.Add(v, labels...)
	}
	one(leftOut, float64(others))
	x.Family(namespaces)
	for _, word := range []string{"full", "outside", "quiet"} {
		x.Add(float64(how[word]), "seen", word)
	}
	one(unseen, float64(len(l.report.Unseen)))
	one(horizon, l.report.HorizonS)
	one(scans, float64(made))
	one(scanTime, float64(l.begun.UnixMilli())/1e3)
	one(scanDuration, l.took.Round(time.Microsecond).Seconds())
	one(build, 1, "version", e.Version, "revision", e.Revision)
	if self, err := procfs.Self(); err == nil {
		if stat, err := self.Stat(); err == nil {
			one(cpu, stat.CPUTime())
			one(memory, float64(stat.ResidentMemory()))
		}
	}
	return x.Text()
}

func seen(n diagnose.NamespaceReport) string {
	switch {
	case n.Quiet:
		return "quiet"
	case !n.Member:
		return "outside"
	}
	return "full"
}

// unique are the names of namespaces, each once: two of a unit that makes several would
// be one series twice, for which Prometheus drops a scrape.
func unique(all []diagnose.NamespaceReport) (names []string) {
	taken := map[string]bool{}
	for _, n := range all {
		clean := format.OneLine(format.Clean(n.Name))
		name := clean
		for k := 2; taken[name]; k++ {
			name = fmt.Sprintf("%s #%d", clean, k)
		}
		taken[name] = true
		names = append(names, name)
	}
	return names
}
