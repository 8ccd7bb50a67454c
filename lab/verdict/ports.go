package verdict

import (
	"fmt"
	"math"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// Logged is what the proxy's error log says.
type Logged struct {
	ByText map[string]int64 // lines by level and message, without the peer
	Lines  []string         // the first of each class
}

// commonest is the message that it has most of, "" without any.
func (l Logged) commonest() (text string, n int64) {
	if kinds := format.ByCount(l.ByText); len(kinds) > 0 {
		text = kinds[0]
	}
	return text, l.ByText[text]
}

// tried says whether a line is about a connection to a backend. nginx writes "no live
// upstreams" where it makes none.
func (l Logged) tried() bool {
	for k := range l.ByText {
		if strings.Contains(k, "upstream") && !strings.Contains(k, "no live upstreams") {
			return true
		}
	}
	return false
}

// unreached says that the load never came to a backend, "" if it did. Such a run
// says nothing of ports. Where no end of a connection can leave a TIME_WAIT on
// the proxy, as with a Unix-domain socket, none is missed.
func (m *Measured) unreached(v *results.Variant) string {
	t := m.Totals
	if v.NewConns != nil && *v.NewConns > 0 {
		return m.fewReached(v)
	}
	if v.NewConns == nil || m.Laws.CloseShare == 0 || v.FirstError != nil || t.OK+t.Failed == 0 {
		return ""
	}
	if m.Log.tried() {
		return "" // the log says what came of it
	}
	if c := m.Laws.Conduct; c != nil && c.Spent > 0 && m.Laws.Keepalive > 0 && m.Plan.Cached == "" {
		return "" // the connection of the request that woke it may serve all
	}
	text := fmt.Sprintf("no request reached a backend: %s opened no upstream connection for %d requests",
		v.ProxyName(), t.Sent)
	if a := m.Plan.Answer; a != "" {
		text += "; " + a
	}
	return text
}

// finished says that the load went to its end: which requests reached a backend is true
// then, however late a busy machine sent them, and a quieter one would not change it.
func (m *Measured) finished() bool {
	return len(m.Faults) == 0 && m.Totals != nil && m.Totals.OwnLimit == "" && m.Totals.Sent > 0
}

// fewReached says that most requests were answered without the backend, "" if
// not. Without a pool each that reaches it opens a connection; with one nobody
// knows, and what may answer in the backend's place spoils the run.
func (m *Measured) fewReached(v *results.Variant) string {
	switch reached := float64(*v.NewConns) / math.Max(1, float64(m.Totals.OK)); {
	case !m.Laws.Modelled, v.FirstError != nil:
	case m.Laws.Keepalive > 0 && m.Plan.Cached != "":
		return "how many requests reached the backend is not known: " + m.Plan.Cached
	case m.Laws.Keepalive == 0 && m.Laws.CloseShare > 0 && reached < mostReach:
		text := fmt.Sprintf("only %d of %d requests reached the backend", *v.NewConns, m.Totals.OK)
		if m.Plan.Cached != "" {
			text += ": " + m.Plan.Cached
		}
		return text
	}
	return ""
}

// mostReach is the least share of the requests that must open a connection where
// no pool is, for a run to be about the backend.
const mostReach = 0.9

// fullShare is the share of the ports that must be taken for errno 99 to be
// their end. All of them are, but a sample may come late.
const fullShare = 0.9

// withoutPorts says why errno 99 came with ports free, "" where they were taken.
// The kernel gives the same errno where it has no source address to give
// (__ip_route_output_key, ip6_dst_lookup) as where it has no port.
func (m *Measured) withoutPorts(v *results.Variant) string {
	peak, usable := v.Ports.PeakUsed, m.Usable
	if peak == nil || usable == nil {
		return ""
	}
	// Of very few ports the one that the kernel may overlook is more than a tenth.
	full := min(fullShare*float64(*usable), float64(int(*usable)-law.Overlooked(int(*usable), int(*usable))))
	if float64(*peak) >= full {
		return ""
	}
	why := "its host has no source address for that destination, or other programs hold the ports"
	for _, line := range m.Log.Lines {
		if strings.Contains(line, "connect() to [") && strings.Contains(line, "failed (99: ") {
			why = "no source address fits an IPv6 destination, as where IPv6 is off"
		}
	}
	return fmt.Sprintf("connect() failed with errno 99 with %d of %d ports in use: %s. That is not port exhaustion",
		*peak, *usable, why)
}

// otherwise says how requests failed that no port was missing for.
func (m *Measured) otherwise(v *results.Variant) string {
	var parts []string
	for _, name := range format.ByCount(m.Totals.Causes) {
		if n := m.Totals.Causes[name]; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d × %s", n, name))
		}
	}
	text := strings.Join(parts, ", ")
	if line, n := m.Log.commonest(); n > 0 {
		text = strings.TrimPrefix(text+fmt.Sprintf("; the error log says most often (%d times): %s", n, line), "; ")
		if strings.Contains(line, "bind(") && strings.Contains(line, "failed (99: ") {
			text += ". That is a source address the host does not have, not port exhaustion"
		}
	}
	return text
}
