package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// What follows are the cells of a variant's row in the table of verdicts.

// FailedByCause is the share of the requests due that came to nothing, and of
// what: failed, never sent because no connection came free in time, or without an
// answer when the load ended. How large it is depends on when the load was
// stopped, so that of the requests after the first failure stands behind it.
func (v variant) FailedByCause() string {
	if v.Failed == nil || v.Scheduled == nil || *v.Scheduled == 0 {
		return format.NotMeasured
	}
	lost := v.Lost()
	if lost == 0 {
		return "none"
	}
	all := float64(*v.Scheduled)
	e := v.Errors
	if e == nil {
		e = &results.Errors{Other: *v.Failed}
	}
	text := ""
	var parts []string
	for _, c := range []struct {
		n    *int64
		what string
	}{{&e.Error99, "error 99"}, {&e.NoLiveUpstreams, "no live upstreams"}, {&e.Other, "other"}, {v.Dropped, "never sent"}, {v.Unfinished, "unanswered"}} {
		switch {
		case c.n == nil: // not measured
		case *c.n == lost:
			text = format.Percent(float64(lost)/all) + " " + c.what
		case *c.n > 0:
			parts = append(parts, format.Percent(float64(*c.n)/all)+" "+c.what)
		}
	}
	if text == "" {
		text = format.Percent(float64(lost)/all) + ": " + strings.Join(parts, ", ")
	}
	if after := v.afterFirst(); after != "" {
		text += " (" + after + " from the first on)"
	}
	return text
}

// afterFirst is the share that failed of the requests answered after the first
// error 99.
func (v variant) afterFirst() string {
	if v.FirstError == nil || v.OKBefore == nil || v.OK == nil {
		return ""
	}
	after := *v.OK + *v.Failed - *v.OKBefore
	if after <= 0 || *v.Failed > after || *v.OKBefore == 0 { // none before: it is the share in all
		return ""
	}
	return format.Percent(float64(*v.Failed) / float64(after))
}

// NewPerRequest is the new upstream connections per request: the churn.
func (v variant) NewPerRequest() string {
	churn := v.ConnectionsPerRequest()
	switch {
	case churn == nil:
		return format.NotMeasured
	case *churn > 0 && *churn < 0.001:
		return "< 0.001"
	}
	return strconv.FormatFloat(*churn, 'g', 2, 64)
}

// PortsPeak is the most tuples taken at once, of those there are.
func (v variant) PortsPeak() string {
	if v.Ports.PeakUsed == nil {
		return format.NotMeasured
	}
	peak := format.Count(v.Ports.PeakUsed)
	if v.Predicted.Tuples == 0 {
		return peak + ", no ports needed"
	}
	return fmt.Sprintf("%s of %s", peak, v.K())
}

// Side says which end held TIME_WAIT. A few sockets decide nothing.
func (v variant) Side() string {
	proxy, backend := v.TimeWait.ProxyPeak, v.TimeWait.BackendPeak
	if proxy == nil || backend == nil {
		return format.NotMeasured
	}
	side := "both"
	switch few := max(int64(v.Predicted.Tuples)/20, 5); {
	case max(*proxy, *backend) <= few:
		side = "neither"
	case *proxy > 4**backend:
		side = "nginx"
	case *backend > 4**proxy:
		side = "backend"
	}
	return fmt.Sprintf("%s: %s / %s", side, format.Count(proxy), format.Count(backend))
}

// Latencies are p50, p99 and maximum from the intended send time.
func (v variant) Latencies() string {
	if v.Latency == nil {
		return format.NotMeasured
	}
	return fmt.Sprintf("%s / %s / %s ms", format.Rough(v.Latency.P50), format.Rough(v.Latency.P99), format.Rough(v.Latency.Max))
}

// NginxCPU is in cores.
func (v variant) NginxCPU() string {
	if v.CPU.Proxy == nil {
		return format.NotMeasured
	}
	return strconv.FormatFloat(*v.CPU.Proxy, 'f', 2, 64) + " cores"
}

// Headroom is how much more of the same load the ports would bear: until all of
// them are held, by TIME_WAIT or by requests under way.
func (v variant) Headroom() string {
	switch {
	case v.RhoSteady == nil:
		return format.NotMeasured
	case v.Collapsed:
		return "none: connect() got too dear"
	case v.FirstError != nil && *v.RhoSteady > 1:
		return fmt.Sprintf("none: %s times too much", format.Rough(*v.RhoSteady))
	case v.FirstError != nil:
		return "none"
	}
	// A pool keeps its connections whatever the load; requests under way grow with it.
	taken, open := *v.RhoSteady, v.open()
	if v.Plan.Keepalive > 0 && open < 1 {
		taken /= 1 - open
	} else {
		taken += open
	}
	switch {
	case taken > 1:
		return fmt.Sprintf("none: %s times too much", format.Rough(taken))
	case taken < 0.01:
		return "over 100 times"
	}
	return fmt.Sprintf("%s times, to %s/s", format.Rough(1/taken), format.Grouped(v.OfferedPerS/taken))
}

// open is the share of the tuples that open connections hold on average over the
// load, those of requests under way and those that a pool keeps.
func (v variant) open() float64 {
	if v.Predicted.Tuples == 0 || v.LoadEndS == nil {
		return 0
	}
	var sum, n float64
	for s := range v.Data.ProxySockets() {
		if s.T >= 0 && s.T <= *v.LoadEndS {
			sum, n = sum+float64(s.Net.Count(established)), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n / float64(v.Predicted.Tuples)
}

// Lasted is how long the load was, which every share of it depends on.
func (v variant) Lasted() string { return secs(v.LoadEndS) }

// Mechanism says in plain words, with the run's own numbers, why ports ran out, or
// what failed where they had no part in it; "" where nothing did, or the laws
// foretold no moment.
func (p *page) Mechanism() string {
	v := p.failure()
	law, ports := v.Predicted, v.K()
	switch {
	case v.FirstError == nil && !v.Collapsed && v.Lost() > 0:
		return v.Cause()
	case v.FirstError != nil && v.heldBy() == established:
		return fmt.Sprintf("Every request that waits for the backend holds a connection to it, and each connection a port number of its own. Of a slow backend %s requests a second soon wait for all %s of them. "+
			"Then none is free: the next connect() fails with error 99, “Cannot assign requested address”, and the client gets a 502. No closed connection has a part in it.", format.Grouped(v.OfferedPerS), ports)
	case v.FirstError != nil && v.heldBy() == finWait2:
		return fmt.Sprintf("For a request that cannot share a connection nginx opens a new one to the backend, and each takes a port number of its own. nginx closes it when it has the response, but this backend "+
			"does not close its end, and until it does the number stays blocked; this is called FIN_WAIT2. At %s requests a second %s ports last %s. Then none is free: the next connect() fails with error 99, "+
			"“Cannot assign requested address”, and the client gets a 502.", format.Grouped(v.OfferedPerS), ports, format.Seconds(*v.FirstError))
	}
	if v.Collapsed && v.FirstError == nil {
		return fmt.Sprintf("For a request that cannot share a connection nginx opens a new one to the backend, and each takes a port number of its own, which stays blocked for %s after the "+
			"connection ends; this is called TIME_WAIT. With half of the %s taken, the kernel has to search for a free one at every connect(): milliseconds each, instead of "+
			"millionths of a second. nginx then spends its time searching, and everything it serves waits.", holdTime(law.HoldS), ports)
	}
	if law.FirstError99S == nil || v.FirstError == nil || v.OfferedPerS <= 0 || law.HoldS <= 0 || v.Plan.Race || v.Plan.Random || v.Plan.Profile != "" || v.heldBy() != timeWait {
		return ""
	}
	sum := fmt.Sprintf("%s ports at %s new connections a second last %s", ports, format.Grouped(v.OfferedPerS), format.Seconds(*law.FirstError99S))
	if math.Abs(*law.FirstError99S-float64(law.Tuples)/v.OfferedPerS) > 0.02**law.FirstError99S {
		sum = fmt.Sprintf("%s ports at %s requests a second last %s by the law", ports, format.Grouped(v.OfferedPerS), format.Seconds(*law.FirstError99S))
	}
	return fmt.Sprintf("For a request that cannot share a connection nginx opens a new one to the backend, and each takes a port number of its own. "+
		"When the connection ends, the side that closed it first keeps that number blocked for %s more; this is called TIME_WAIT. %s. "+
		"Then none is free: the next connect() fails with error 99, “Cannot assign requested address”, and the client gets a 502.", holdTime(law.HoldS), sum)
}

func holdTime(s float64) string {
	if s < 10 {
		return "about " + strconv.FormatFloat(s, 'g', 2, 64) + " s"
	}
	return "about a minute"
}

// word is a first word that takes a capital: not the name of a program, nor
// one such as tcp_tw_reuse=1 or connect().
var word = regexp.MustCompile(`^[a-z]+( |$|,)`)

// sentence makes one of a remark: a capital, and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if first := word.FindString(s); first != "" && !strings.HasPrefix(first, "nginx") && !strings.HasPrefix(first, "httpd") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}
