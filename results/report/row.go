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

// FailedByCause is the share of lost requests, by cause: failed, never sent
// because no connection came free in time, or without an answer when the load
// ended. The share depends on when the load stopped, so the share of the
// requests after the first failure stands behind it.
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
	}{
		{&e.Error99, "error 99"}, {&e.NoLiveUpstreams, v.Untried()}, {&e.Other, "other"},
		{v.Dropped, "never sent"}, {v.Unfinished, "unanswered"},
	} {
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

// LostShare is the share of all scheduled requests that were lost, in percent.
func (v variant) LostShare() string {
	switch {
	case v.Failed == nil || v.Scheduled == nil || *v.Scheduled == 0:
		return format.NotMeasured
	case v.Lost() == 0:
		return "none"
	}
	return format.Percent(float64(v.Lost()) / float64(*v.Scheduled))
}

// afterFirst is the share of failures among the requests that were answered
// after the first error 99.
func (v variant) afterFirst() string {
	if v.FirstError == nil || v.OKBefore == nil || v.OK == nil {
		return ""
	}
	after := *v.OK + *v.Failed - *v.OKBefore
	if after <= 0 || *v.Failed > after || *v.OKBefore == 0 { // with none before, it is the share of all
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

// PortsPeak is the largest number of tuples in use at once, out of all tuples.
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
		side = v.ProxyName()
	case *backend > 4**proxy:
		side = "backend"
	}
	return fmt.Sprintf("%s: %s / %s", side, format.Count(proxy), format.Count(backend))
}

// Latencies are p50, p99 and maximum from the intended send time, of the requests
// that succeeded and of those that failed. A run of an older lab99 has them mixed.
func (v variant) Latencies() string {
	good, bad := v.Succeeded(), v.LatencyFailed
	switch {
	case v.Latency == nil:
		return format.NotMeasured
	case good == nil && bad == nil:
		return latency(v.Latency) + " (ok and failed)"
	case bad == nil:
		return latency(good)
	case good == nil:
		return "failed: " + latency(bad)
	}
	return latency(good) + "; failed: " + latency(bad)
}

func latency(l *results.Latency) string {
	return fmt.Sprintf("%s / %s / %s ms", format.Rough(l.P50), format.Rough(l.P99), format.Rough(l.Max))
}

// NginxCPU is in cores.
func (v variant) NginxCPU() string {
	if v.CPU.Proxy == nil {
		return format.NotMeasured
	}
	return strconv.FormatFloat(*v.CPU.Proxy, 'f', 2, 64) + " cores"
}

// Headroom is by what factor the same load can grow before TIME_WAIT and
// requests under way hold all ports.
func (v variant) Headroom() string {
	switch {
	case v.RhoSteady == nil:
		return format.NotMeasured
	case v.Collapsed:
		return "none: connect() got too slow"
	case v.FirstError != nil && *v.RhoSteady > 1:
		return fmt.Sprintf("none: load %s times too high", format.Rough(*v.RhoSteady))
	case v.FirstError != nil:
		return "none"
	}
	// A pool keeps its connections at any load. Requests under way grow with the load.
	taken, open := *v.RhoSteady, v.open()
	if v.Plan.Keepalive > 0 && open < 1 {
		taken /= 1 - open
	} else {
		taken += open
	}
	switch {
	case taken > 1:
		return fmt.Sprintf("none: load %s times too high", format.Rough(taken))
	case taken < 0.01:
		return "over 100 times"
	}
	return fmt.Sprintf("%s times (%s/s)", format.Rough(1/taken), format.Grouped(v.OfferedPerS/taken))
}

// open is the mean share of the tuples that open connections hold during the
// load: requests under way and the connections of a pool.
func (v variant) open() float64 {
	if v.Predicted.Tuples == 0 || v.LoadEndS == nil {
		return 0
	}
	var sum, n float64
	for s := range v.Data.ProxySockets() {
		if s.T >= 0 && s.T <= *v.LoadEndS {
			sum, n = sum+float64(s.Net.Count(results.StateEstablished)), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n / float64(v.Predicted.Tuples)
}

// Lasted is the duration of the load.
func (v variant) Lasted() string { return secs(v.LoadEndS) }

// Sentences that several explanations share.
const (
	newPort = "For a request that cannot share a connection, %s opens a new one to the backend. " +
		"Each connection takes a port number of its own"
	blocked = ". When the connection ends, the side that closed it first keeps that number blocked for %s more; " +
		"this is called TIME_WAIT. "
	noneFree = " Then no number is free: the next connect() fails with error 99, “Cannot assign requested address”, " +
		"and the client gets "
)

// reply is what a client gets for a failed connect().
func (v variant) reply() string {
	if v.Proxy != "" { // each kind has its own
		return "an error."
	}
	if s := v.Plan.Setup; s != nil && s.Conduct != nil && s.Conduct.Passes {
		return "the end of its connection."
	}
	return "a 502."
}

// Mechanism explains with the run's own numbers why ports ran out, or what else
// failed. It is "" where nothing failed or the laws predicted no moment. It is for a reader
// who has not met the laws, where Cause has their symbols, and measured values for them.
func (p *page) Mechanism() string {
	v := p.failure()
	law, ports, rate, proxy := v.Predicted, v.K(), format.Grouped(v.OfferedPerS), v.ProxyName()
	switch held := v.heldBy(); {
	case v.FirstError == nil && !v.Collapsed && v.Lost() > 0:
		return v.Cause()
	case v.FirstError != nil && held == results.StateEstablished && v.Held != nil:
		return fmt.Sprintf("Each connection that a client holds has one of its own to the backend, "+
			"and with it a port number, for as long as it is held: "+
			"at %s opened a second all %s numbers are held after %s.", rate, ports, format.Seconds(*v.FirstError)) +
			noneFree + v.reply() + " Closed connections play no part."
	case v.FirstError != nil && held == results.StateEstablished:
		return fmt.Sprintf("Every request that waits for the backend holds a connection to it, "+
			"and each connection a port number of its own. The backend is slow: "+
			"at %s requests a second, requests under way soon hold all %s numbers.", rate, ports) +
			noneFree + " Closed connections play no part."
	case v.FirstError != nil && held == results.StateFinWait2:
		return fmt.Sprintf(newPort+". %[1]s closes the connection when it has the response. "+
			"This backend keeps its end open, and the number stays blocked until the backend closes; "+
			"this is called FIN_WAIT2. At %s requests a second %s ports last %s.",
			proxy, rate, ports, format.Seconds(*v.FirstError)) + noneFree + v.reply()
	case v.Collapsed && v.FirstError == nil:
		return fmt.Sprintf(newPort+", which stays blocked for %s after the connection ends; "+
			"this is called TIME_WAIT. With half of the %s taken, the kernel has to search for a free one "+
			"at every connect(). A search takes milliseconds instead of microseconds. "+
			"%[1]s spends its time searching, and everything it serves waits.", proxy, holdTime(law.HoldS), ports)
	case law.FirstError99S == nil || v.FirstError == nil || v.OfferedPerS <= 0 || law.HoldS <= 0,
		held != results.StateTimeWait, v.Plan.Race || v.Plan.Random || v.Plan.Profile != "":
		return ""
	}
	unit, by := "new connections", ""
	if math.Abs(*law.FirstError99S-float64(law.Tuples)/v.OfferedPerS) > 0.02**law.FirstError99S {
		unit, by = "requests", "By the law, "
	}
	sum := fmt.Sprintf("%s%s ports at %s %s a second last %s",
		by, ports, rate, unit, format.Seconds(*law.FirstError99S))
	return fmt.Sprintf(newPort+blocked, proxy, holdTime(law.HoldS)) + sum + "." + noneFree + v.reply()
}

// CommonMechanism explains error 99 where Mechanism has nothing to say.
func (p *page) CommonMechanism() string {
	return fmt.Sprintf(newPort+blocked, p.Run.Plan.ProxyName(), "about a minute") +
		"At a high rate all numbers can be blocked." + noneFree + p.failure().reply()
}

func holdTime(s float64) string {
	if s < 10 {
		return "about " + strconv.FormatFloat(s, 'g', 2, 64) + " s"
	}
	return "about a minute"
}

// word is a first word that takes a capital. Words such as tcp_tw_reuse=1 and
// connect() do not match.
var word = regexp.MustCompile(`^[a-z]+( |$|,)`)

// sentence makes one of a remark: a capital, and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	first := word.FindString(s)
	if first != "" && !strings.HasPrefix(first, "nginx") && !strings.HasPrefix(first, "httpd") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}
