package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/loadgen"
)

// printLoad prints what came of a load, the way wrk2 does where it has the
// figure. The last line says whose limit the run met.
func printLoad(w io.Writer, d *loadDocument) error {
	r := d.result
	var b strings.Builder
	fmt.Fprintf(&b, "%s for %v at %s\n", d.Asked, r.Elapsed().Round(time.Millisecond), d.URL)
	how := fmt.Sprintf("mode %s, %s, %s",
		r.Mode, format.Plural(r.Loops, "loop"), format.Plural(r.Connections, "connection"))
	what := "Requests"
	if d.Held != nil {
		how, what = d.holds, "Openings"
	}
	fmt.Fprintf(&b, "  %s\n%s\n", how, addresses(r))
	printTimes(&b, r)
	fmt.Fprintln(&b)
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(tw, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line(what, "%d scheduled = %d sent + %d dropped", r.Scheduled, r.Sent, r.Dropped)
	line("", "%d sent = %d ok + %d failed + %d unfinished", r.Sent, r.OK, r.Failed, r.Unfinished)
	if r.Mode != loadgen.Closed {
		line("", "%d queued (no connection was free), %d late (the generator was)", r.Queued, r.Late)
	}
	line("Rate", "%s", rates(d))
	if d.Held != nil {
		printHeld(tw, d.Held)
	}
	for i, c := range format.ByCount(r.Causes) {
		line(title(i, "Causes"), "%d × %s%s", r.Causes[c], c, firstOf(r, c))
	}
	if n := r.ReuseEnded - r.Retried; n > 0 {
		line("", "%d of these as a kept-alive connection ended before any byte of the response", n)
	}
	if r.ConnectWhy != "" && r.Failed > 0 {
		line("", "the first that did not connect: %s", r.ConnectWhy)
	}
	if r.BadWhy != "" {
		line("", "the first bad response: %s: %.60q", r.BadWhy, r.BadSample)
	}
	for i, s := range format.ByCount(r.Status) {
		line(title(i, "Status"), "%d × %d", r.Status[s], s)
	}
	if r.Interim > 0 {
		line("", "%d × 1xx before them", r.Interim)
	}
	if r.Retried > 0 {
		line("Retried", "%d sent once more, as their kept-alive connection ended before any byte of the response",
			r.Retried)
	}
	if d.Held == nil { // a held one is an opening, and a ping is no transfer
		printSockets(line, d)
	}
	if d.Little != nil {
		line("Little's law", "mean latency × rate / connections = %.3f (1: none stood idle)", *d.Little)
	}
	if d.SLO != nil {
		line("SLO", "%s", d.SLO)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(&b, "\n"+ending(d))
	for _, hint := range d.Hints {
		fmt.Fprintln(&b, "  "+hint)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printSockets prints how many connections requests took, and what went over them.
func printSockets(line func(name, format string, args ...any), d *loadDocument) {
	r := d.result
	line("Sockets", "%d opened, %d for perfect keep-alive; at most %d of %d at once", r.ConnectionsOpened,
		d.ConnectionsIdeal, r.PeakConnections, r.Connections)
	if r.ClosedIdle > 0 {
		line("", "%d closed by the server between requests", r.ClosedIdle)
	}
	if r.Unasked > 0 {
		line("", "%d closed because bytes came between requests", r.Unasked)
	}
	if s := r.Elapsed().Seconds(); s > 0 {
		line("Transfer", "%s received, %s/s", size(float64(r.BytesReceived)), size(float64(r.BytesReceived)/s))
		if d.CPUUsPerRequest != nil {
			line("CPU", "%.1f µs per request, %.0f %% of a core",
				*d.CPUUsPerRequest, 100*(r.CPUUser+r.CPUSys).Seconds()/s)
		}
	}
}

// printTimes prints the quantiles of the histograms.
func printTimes(w io.Writer, r *loadgen.Result) {
	all, failed, whose := r.Latency, r.LatencyFailed(), ""
	if failed.TotalCount() > 0 { // fast error pages would make the target look better
		all, whose = r.LatencyOK, ", of those that succeeded"
	}
	tw := tabwriter.NewWriter(w, 8, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "            \tp50\tp90\tp99\tp99.9\tmax\tmean\t")
	for _, row := range []struct {
		name, about string
		h           *hdrhistogram.Histogram
	}{
		{"Latency", "from the intended send time" + whose, all},
		{"  failed", "from the intended send time, of those that failed", failed},
		{"Service", "from the actual send", r.Service},
		{"Lateness", "of the generator itself", r.Lateness},
		{"Connect", "", r.Connect},
	} {
		// There is no intended time in closed mode.
		if row.h.TotalCount() == 0 || (row.h == all || row.h == failed) && r.Mode == loadgen.Closed {
			continue
		}
		fmt.Fprintf(tw, "  %-10s", row.name)
		for _, percent := range []float64{50, 90, 99, 99.9} {
			fmt.Fprint(tw, "\t"+at(row.h, percent))
		}
		fmt.Fprintf(tw, "\t%s\t%s\t  %s\n", span(float64(row.h.Max())), span(row.h.Mean()), few(row.h, row.about))
	}
	_ = tw.Flush() // into a strings.Builder
}

// at words a percentile, unless the values are too few for it.
func at(h *hdrhistogram.Histogram, percent float64) string {
	if !loadgen.Enough(h.TotalCount(), percent) {
		return "–"
	}
	return span(float64(h.ValueAtPercentile(percent)))
}

// few adds to what a row is about that its values are too few for a p99.
func few(h *hdrhistogram.Histogram, about string) string {
	if n := h.TotalCount(); !loadgen.Enough(n, 99) {
		return strings.TrimPrefix(fmt.Sprintf("%s; max is the worst of %d", about, n), "; ")
	}
	return about
}

// addresses are what was connected to, where that is not plain from the target.
func addresses(r *loadgen.Result) string {
	if len(r.Addresses) < 2 && len(r.LeftOut) == 0 {
		return ""
	}
	s := "  addresses: " + strings.Join(r.Addresses, ", ")
	if len(r.Addresses) > 1 {
		s += ", in turn"
	}
	for _, a := range slices.Sorted(maps.Keys(r.LeftOut)) {
		s += fmt.Sprintf("; left out %s: %s", a, r.LeftOut[a])
	}
	return s + "\n"
}

// rates compares what was asked for with what was done.
func rates(d *loadDocument) string {
	s := fmt.Sprintf("%.1f/s ok", d.AchievedPerS)
	if d.RequestedPerS != nil {
		s = fmt.Sprintf("%.1f/s requested, %.1f/s scheduled, ", *d.RequestedPerS, d.OfferedPerS) + s
	}
	return s
}

// firstOf says when failures by a cause began.
func firstOf(r *loadgen.Result, cause string) string {
	ns, ok := r.FirstOf[cause]
	if !ok {
		return ""
	}
	s := fmt.Sprintf(", first after %.3f s", float64(ns-r.StartNs)/1e9)
	if n, ok := r.OKBeforeFirst[cause]; ok {
		s += fmt.Sprintf(" and %d ok", n)
	}
	return s
}

// ending is the last line: how the run ended and whose limit it met.
func ending(d *loadDocument) string {
	var s string
	switch {
	case d.Interrupted:
		s = "Interrupted. "
	case d.StoppedBy != "":
		s = "Stopped by " + d.StoppedBy + ". "
	}
	switch {
	case d.OwnLimit != "":
		return s + "Invalid, says nothing about the target: " + d.OwnLimit + "."
	case d.OK == 0 && d.Scheduled > 0:
		return s + nothing(d)
	case d.Bottleneck == loadgen.LimitGenerator:
		return s + "The generator was the limit: " + d.Why + "."
	case d.Bottleneck == loadgen.LimitTarget:
		return s + "The target was the limit: " + d.Why + "."
	}
	return s + "Neither the generator nor the target was the limit: " + d.Why + "."
}

func (s *sloOutcome) String() string {
	if s.Kept {
		return s.Limits + ": kept"
	}
	return s.Limits + ": not kept, " + s.Why
}

// title names only the first of several lines.
func title(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

// span words nanoseconds with three digits, as wrk does.
func span(ns float64) string { return scaled(ns, 1000, "ns", "µs", "ms", "s") }

// size words bytes.
func size(n float64) string { return scaled(n, 1024, "B", "KiB", "MiB", "GiB", "TiB") }

func scaled(v, step float64, units ...string) string {
	i := 0
	for ; v >= 0.9995*step && i < len(units)-1; i++ {
		v /= step
	}
	decimals := 2
	switch {
	case v >= 99.95 || i == 0:
		decimals = 0
	case v >= 9.995:
		decimals = 1
	}
	return fmt.Sprintf("%.*f%s", decimals, v, units[i])
}
