package monitoring

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// Rules are the alerts for one configuration of a run, and for all variants
// that have its limits. They are wrong for another: what is an outage without
// tcp_tw_reuse is a quiet day with it.
type Rules struct {
	Group    string   // its name in the file
	Variants []string // the first of them labels the alerts, if there is one
	About    string   // the limits, in a line
	Alerts   []Alert  // that which warns first stands first
}

// Alert is one of them. Its words are templates of Prometheus.
type Alert struct {
	Name, Expr, For, Severity, Summary, Description string
}

// RulesFor are those for the configuration of a variant; false where it spends
// no ports, and there is nothing to watch.
func RulesFor(run *results.Run, variant string) (Rules, bool) {
	for _, l := range limits(run) {
		if slices.Contains(l.Variants, variant) {
			return l.rules(groupName(run.Plan)), true
		}
	}
	return Rules{}, false
}

// YAML is a file of rules for Prometheus.
func (r Rules) YAML() string {
	quote := strconv.QuoteToASCII // one line, whatever it holds
	b := &strings.Builder{}
	fmt.Fprintf(b, "groups:\n  # %s\n  - name: %s\n    rules:\n", r.About, r.Group)
	for _, a := range r.Alerts {
		fmt.Fprintf(b, "      - alert: %s\n        expr: %s\n        for: %s\n", a.Name, a.Expr, a.For)
		variant := ""
		if len(r.Variants) > 0 {
			variant = fmt.Sprintf(", lab99_variant: %q", r.Variants[0])
		}
		fmt.Fprintf(b, "        labels: {severity: %s%s}\n", a.Severity, variant)
		fmt.Fprintf(b, "        annotations:\n          summary: %s\n          description: %s\n",
			quote(a.Summary), quote(a.Description))
	}
	return b.String()
}

// What is asked of node_exporter, per second and as shares of the tuples.
const (
	// window is of the rate that warns first. It takes two scrapes, and 0.7 of it
	// pass before a jump of the load shows.
	window = 30
	// A minute of new connections is as many as TIME_WAIT can hold, and less than
	// half the tuples if its sockets are those of the proxy's clients.
	opened = "increase(node_netstat_Tcp_ActiveOpens[1m]) / %d"
	opens  = "rate(node_netstat_Tcp_ActiveOpens[%ds]) * %s / %d"
	waits  = "node_sockstat_TCP_tw / %d"
)

func (l limit) rules(group string) Rules {
	rate := fmt.Sprintf(opens, window, format.Number(l.HoldS), l.Tuples)
	rateIs := func(share float64) string {
		expr := fmt.Sprintf("%s > %s", rate, format.Number(share))
		if l.Waits { // else connections that the backend closes first would count
			expr += fmt.Sprintf(" and "+waits+" > %s", l.Tuples, format.Number(leftBehind))
		}
		return expr
	}
	waitIs := func(share float64) string {
		return fmt.Sprintf(waits+" > %s and "+opened+" > %s",
			l.Tuples, format.Number(share), l.Tuples, format.Number(warnShare))
	}
	summary := fmt.Sprintf("{{ $labels.instance }}: {{ $value | humanizePercentage }} of %d source ports towards the "+
		"upstream are in TIME_WAIT", l.Tuples)
	silent := ""
	if l.HoldS >= waitsOut {
		silent = "; one that fails is in none, so in the outage itself this falls silent"
	}
	r := Rules{Group: group + "-" + l.Variants[0], Variants: l.Variants, About: l.about()}
	r.Alerts = append(r.Alerts, Alert{
		l.alert("UpstreamConnectRateHigh"), rateIs(rateShare), wait(l.lead(window * rateShare / l.HoldS)), "warning",
		fmt.Sprintf("{{ $labels.instance }}: at this rate of new connections {{ $value | humanizePercentage }} "+
			"of %d source ports will be taken", l.Tuples),
		fmt.Sprintf("The ports, each held for %s s, bear %s new connections per second if %s closes them first. "+
			"At more they are used up, and %s. %sScrape every 10 s or more often. "+
			"The counter has all outgoing connections of the namespace, whatever they are towards%s.",
			format.Number(l.HoldS), format.Number(l.Rate()), l.Proxy, l.fails(), spaced(l.warns()), silent),
	})
	if !l.Counts() {
		r.Alerts = append(r.Alerts, Alert{
			Name:     l.alert("UpstreamConnectRateAtLimit"),
			Expr:     rateIs(actShare),
			For:      wait(l.lead(window * actShare / l.HoldS)),
			Severity: "critical",
			Summary:  r.Alerts[0].Summary,
			Description: fmt.Sprintf("Error 99 (Cannot assign requested address) is due: "+
				"above %s new connections per second the ports are used up. Pool upstream connections (keepalive), "+
				"or add addresses at either end.", format.Number(l.Rate())),
		})
		return r
	}
	r.Alerts = append(r.Alerts, Alert{
		l.alert("SourcePortsHalfUsed"), waitIs(warnShare), wait(l.lead(warnShare)), "warning", summary,
		fmt.Sprintf("From half of them on connect() searches for a free one and becomes slow; when all are taken "+
			"%s. %sPool upstream connections (keepalive), or set net.ipv4.tcp_tw_reuse=1.", l.fails(), l.lasts("the "+
			"other half", warnShare)),
	}, Alert{
		Name:     l.alert("SourcePortsNearlyUsedUp"),
		Expr:     waitIs(actShare),
		For:      wait(l.lead(actShare)),
		Severity: "critical",
		Summary:  summary,
		Description: fmt.Sprintf("Error 99 (Cannot assign requested address) is due or has come. "+
			"%sShed load, or pool %s's upstream connections now; TIME_WAIT ends by itself after %s s.",
			l.lasts("the last tenth", actShare), l.Proxy, format.Number(l.HoldS)),
	})
	return r
}

// alert is the name of an alert, after the proxy: NginxSourcePortsHalfUsed.
func (l limit) alert(what string) string {
	name := []rune(l.Proxy)
	return string(unicode.ToUpper(name[0])) + string(name[1:]) + what
}

// fails is what becomes of a request that finds no port. The status is 502 in nginx and
// others in other kinds.
func (l limit) fails() string {
	if l.Proxy == results.Nginx {
		return "nginx logs error 99 and answers 502"
	}
	return l.Proxy + " fails requests, for want of a port (errno 99)"
}

func (l limit) about() string {
	how := "as the law has it from the ports read back"
	if l.Reached {
		how = "counted when error 99 came"
	}
	return fmt.Sprintf("%s: %d tuples, %s; a closed one blocks for %s s.",
		l.Names(), l.Tuples, how, format.Number(l.HoldS))
}

// lead is how many seconds before the last port is gone the given share of the
// time to that has passed, at the lab's load; +Inf if the ports outlast it.
func (l limit) lead(share float64) float64 {
	if l.PerS <= l.Rate() {
		return math.Inf(1)
	}
	return (1 - share) * float64(l.Tuples) / l.PerS
}

// wait is how long a condition must hold: a quarter of the lead, or nothing
// would be left of it, in steps of 5 s up to 30.
func wait(lead float64) string {
	return fmt.Sprintf("%ds", int(max(0, min(30, 5*math.Floor(lead/4/5)))))
}

// warns says how early the rate warns. Below the rate that the ports bear they
// may run out all the same: of random arrivals, and of a slow backend's.
func (l limit) warns() string {
	lead := l.lead(window * rateShare / l.HoldS)
	lasting := math.IsInf(lead, 1)
	var said []string
	if lasting && !l.Reached {
		said = append(said, "At the lab's load they last.")
	}
	switch sees := window*rateShare < l.HoldS; {
	case !sees:
		said = append(said, "It warns of a load that grows, not of one that jumps.")
	case !lasting:
		said = append(said, fmt.Sprintf("If the load jumps to the %s per second of the lab they last %s, "+
			"and this is true %s before, at the next scrape.",
			format.Number(l.PerS), format.About(l.lead(0)), format.About(lead)))
	}
	return strings.Join(said, " ")
}

// spaced is a sentence with the blank before the next, if there is one.
func spaced(s string) string {
	if s == "" {
		return s
	}
	return s + " "
}

// lasts says how long what is left does, K/2 over f·R for the half.
func (l limit) lasts(rest string, share float64) string {
	lead := l.lead(share)
	if math.IsInf(lead, 1) {
		return ""
	}
	return fmt.Sprintf("At the %s per second of the lab %s lasts %s. ", format.Number(l.PerS), rest, format.About(lead))
}
