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
		if err != nil && strings.Contains(s, ",") {
			return nil, fmt.Errorf("SLO %q: %w", s, err)
		}
		if err != nil {
			return nil, fmt.Errorf("SLO %w", err) // of one limit, which the error names
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

// Check tells whether r kept all limits, and which it did not. A request that
// did not succeed has no latency to speak of: a limit of latency counts it as
// beyond every bound, or a target that refuses everything would be quick.
func (s SLO) Check(r *Result) (kept bool, broken string) {
	for _, l := range s {
		if shown, ok := l.keeps(r); !ok {
			return false, fmt.Sprintf("%s was %s", l.text, shown)
		}
	}
	return true, ""
}

func (l Limit) keeps(r *Result) (shown string, kept bool) {
	scheduled, ok := float64(r.Scheduled), float64(r.OK)
	var v float64
	few := ""
	switch {
	case l.Metric == "errors":
		v = (scheduled - ok) / max(scheduled, 1)
		return fmt.Sprintf("%.3g %%", 100*v), v < l.Below
	case ok == 0:
		return "without a single success", false
	case l.Metric == "mean":
		v = r.LatencyOK.Mean()
	default:
		rank := l.Percent / 100 * scheduled
		if rank > ok {
			return fmt.Sprintf("out of reach, as only %.3g %% succeeded", 100*ok/scheduled), false
		}
		v = float64(quantile(r.LatencyOK, 100*rank/ok))
		if l.Percent < 100 && !Enough(r.Scheduled, l.Percent) {
			few = fmt.Sprintf(", the worst of %d", r.Scheduled)
		}
	}
	return time.Duration(v).Round(time.Microsecond).String() + few, v < l.Below
}

// Blame says why a limit that was not kept is no fault of the target: the
// generator was late, with over 1 % of the requests or by half of the limit, and
// what the target did with them was within the limit. "" finds none.
func (s SLO) Blame(r *Result) string {
	late := float64(r.Late) > 0.01*float64(r.Scheduled)
	for _, l := range s {
		if _, ok := l.keeps(r); ok {
			continue
		}
		var own, target float64
		switch {
		case l.Metric == "errors":
			target = float64(r.Failed+r.Unfinished) / float64(max(r.Scheduled, 1)) // and not what was never sent
		case l.Metric == "mean":
			own, target = r.Lateness.Mean(), r.Service.Mean()
		default:
			own, target = float64(quantile(r.Lateness, l.Percent)), float64(quantile(r.Service, l.Percent))
		}
		if target < l.Below && (late || own >= l.Below/2) {
			return fmt.Sprintf("%s cannot be judged: %d of %d requests were sent over 10 ms late, "+
				"and lateness was %v at most",
				l.text, r.Late, r.Scheduled, time.Duration(r.Lateness.Max()).Round(time.Microsecond))
		}
	}
	return ""
}
