package loadgen

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SLO is a set of limits that a run must all keep.
type SLO []Limit

// Limit bounds one figure of a result.
type Limit struct {
	Metric  string  // "latency" (at Percent), "mean" or "errors"
	Percent float64 // of latency: 50 is the median, 100 the maximum
	Below   float64 // nanoseconds, or the share of scheduled requests that were not ok
	text    string
}

// ParseSLO reads limits joined by commas, such as p99<20ms,errors<0.1%. The
// figures are p50 to p99.999, max and mean (latency from the intended time), and
// errors (failed, dropped and unfinished, of scheduled).
func ParseSLO(s string) (SLO, error) {
	var slo SLO
	for word := range strings.SplitSeq(s, ",") {
		l, err := parseLimit(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("SLO %q: %w", s, err)
		}
		slo = append(slo, l)
	}
	return slo, nil
}

func parseLimit(word string) (Limit, error) {
	name, bound, ok := strings.Cut(word, "<")
	l := Limit{Metric: "latency", text: word}
	bad := fmt.Errorf("%q: want a figure and its bound, as in p99<20ms or errors<0.1%%", word)
	if !ok {
		return l, bad
	}
	switch {
	case name == "errors":
		share, isPercent := strings.CutSuffix(bound, "%")
		v, err := strconv.ParseFloat(share, 64)
		if err != nil || !(v > 0 && v <= 100) || !isPercent {
			return l, bad
		}
		l.Metric, l.Below = "errors", v/100
		return l, nil
	case name == "mean":
		l.Metric = "mean"
	case name == "max":
		l.Percent = 100
	case strings.HasPrefix(name, "p"):
		v, err := strconv.ParseFloat(name[1:], 64)
		if err != nil || !(v > 0 && v < 100) {
			return l, bad
		}
		l.Percent = v
	default:
		return l, bad
	}
	d, err := time.ParseDuration(bound)
	if err != nil || d <= 0 {
		return l, bad
	}
	l.Below = float64(d)
	return l, nil
}

// Check tells whether r kept all limits, and which it did not.
func (s SLO) Check(r *Result) (kept bool, broken string) {
	for _, l := range s {
		var v float64
		var shown string
		switch l.Metric {
		case "errors":
			v = float64(r.Scheduled-r.OK) / float64(max(r.Scheduled, 1))
			shown = fmt.Sprintf("%.3g %%", 100*v)
		case "mean":
			v = r.Latency.Mean()
			shown = time.Duration(v).Round(time.Microsecond).String()
		default:
			v = float64(quantile(r.Latency, l.Percent))
			shown = time.Duration(v).Round(time.Microsecond).String()
		}
		if !(v < l.Below) {
			return false, fmt.Sprintf("%s was %s", l.text, shown)
		}
	}
	return true, ""
}
