package report

import (
	"cmp"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
)

// What follows writes measured numbers; nil is a number nobody took.

func secs(s *float64) string { return format.Or(s, format.Seconds, "–") }

func ratio(r *float64) string {
	if r == nil {
		return format.NotMeasured
	}
	return strconv.FormatFloat(*r, 'g', 3, 64)
}

func ms(v float64) string { return format.Rough(v) + " ms" }

// expected says how a verdict stands to what was expected.
func expected(b *bool) string {
	switch {
	case b == nil:
		return "undecided"
	case *b:
		return "yes"
	}
	return "no"
}

// mark is a check's outcome as a sign, beside its word for those who hear it.
func mark(b *bool) string {
	switch {
	case b == nil:
		return "? unknown"
	case *b:
		return "✓ holds"
	}
	return "✗ broken"
}

// PredictedError99 is when the laws expect it.
func (v variant) PredictedError99() string {
	switch {
	case v.Predicted.FirstError99S == nil:
		return "none"
	case v.Plan.Random:
		return "at random"
	case v.Collapsed:
		return "≈ " + format.Seconds(*v.Predicted.FirstError99S)
	case v.Predicted.GivenShare != nil:
		return fmt.Sprintf("%s, given f = %.2f", due(v.Predicted), *v.Predicted.GivenShare)
	}
	return due(v.Predicted)
}

// due is the moment of error 99, or the interval that it lies in.
func due(p law.Prediction) string {
	first := format.Seconds(*p.FirstError99S)
	if p.FirstError99LatestS == nil {
		return first
	}
	return format.Span(first, format.Seconds(*p.FirstError99LatestS))
}

// FailedShare is the share of answered requests that failed, in percent.
func (v variant) FailedShare() string {
	if v.Failed == nil || v.OK == nil || *v.Failed+*v.OK == 0 {
		return ""
	}
	return format.Percent(float64(*v.Failed) / float64(*v.Failed+*v.OK))
}

// K is the number of the variant's tuples.
func (v variant) K() string { return format.Grouped(v.Predicted.Tuples) }

// Fix is how a variant differs from the baseline, in one line.
func (v variant) Fix() string {
	switch changes := v.changes(); {
	case v.base == nil && len(v.Plan.Change) == 0 && v.Name == "baseline":
		return cmp.Or(v.Plan.Title, "the baseline")
	case v.base == nil && len(v.Plan.Change) == 0:
		return "the baseline"
	case v.base == nil:
		return "the baseline: " + strings.Join(v.Plan.Change, "; ")
	case len(changes) > 0:
		return strings.Join(changes, "; ")
	}
	return "nothing changed"
}

// term is an entry of the glossary.
type term struct{ Word, Meaning string }

func glossary() []term {
	return []term{
		{"P, S, D", "usable ports (the range, less reserved ones, less those bound in the namespace); source " +
			"IPs; distinct destinations (IP:port)"},
		{"tuples K", "P·S·D: connections that can exist, TIME_WAIT included"},
		{"hold time T", "how long a closed tuple stays blocked: about 61 s (60 to 62), or tcp_tw_reuse_delay " +
			"(1 s) with tcp_tw_reuse=1"},
		{"proxy close share f", "share of upstream connections whose TIME_WAIT lands on the proxy (the first closer " +
			"holds it)"},
		{"churn", "new upstream connections per request: 1 without a pool, about 0 with a right-sized one"},
		{"offered rate R", "scheduled requests per second"},
		{"late", "sent more than 10 ms after its due time although a connection was free: the fault of the generator"},
		{"queued", "waited because no connection was free: the target is slow, which is a finding"},
		{"dropped", "waited past the timeout and never sent"},
		{"unfinished", "in flight at the end"},
		{"neighbour request", "sent every 100 ms on its own kept-alive connection and needs no upstream: shows " +
			"what exhaustion does to everything else on the worker; not counted among the requests"},
		{"latency, service time", "from the intended send time; from the actual send"},
		{"load factor ρ", "f·R·churn·T / K: above 1 the table fills"},
		{"collapse", "the fall of throughput when half the range is taken and connect() has to scan"},
		{"scenario, variant, size", "the file; one row of the comparison; the overlay that scales the load"},
		{"verdicts", "reproduced: error 99 came, within the tolerance of the law. collapsed: throughput fell at " +
			"half the range before error 99 came. mitigated: no failure and measured ρ ≤ 0.9 in steady state. " +
			"postponed: error 99 later than the baseline's. inconclusive: no failure yet but ρ > 0.9. " +
			"not-reproduced: error 99 did not come. invalid: the generator, the environment or a setting spoiled " +
			"the measurement. error: the lab itself failed"},
	}
}

// together keeps a number and its unit on one line.
func together(s string) string {
	if s == format.NotMeasured {
		return s
	}
	return strings.ReplaceAll(s, " ", "\u00a0")
}

// breakable lets a long path such as proxy.sysctls.net.ipv4.tcp_tw_reuse wrap
// at its dots.
func breakable(s string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(s), ".", ".<wbr>"))
}
