package diagnose

import (
	"strings"
	"testing"
	"time"
)

// TestWatchSaysHowFarItWasOff: due in 10 s, 2 s later in 9 s, and full after 11 s.
func TestWatchSaysHowFarItWasOff(t *testing.T) {
	at := func(state string, first float64) *Report {
		x := Tuple{Source: "10.0.0.5", Destination: "10.0.0.9:80", State: state}
		if state == RunningOut || state == Exhausted {
			x.FirstError99S = &first
		}
		return &Report{Namespaces: []NamespaceReport{{Name: "a", Tuples: []Tuple{x}}}}
	}
	begin := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var w Watch
	for _, step := range []struct {
		after  float64
		report *Report
		want   string // "" nothing
	}{
		{0, at(OK, 0), ""},
		{1, at(RunningOut, 10), ""},
		{3, at(RunningOut, 9), "due 12:00:12; the forecast of 2.00 s ago has moved by +1.0 s"},
		{12, at(Exhausted, 0), "error 99 came 12:00:12; the forecast of 11.0 s before was off by +1.0 s"},
		{13, at(Exhausted, 0), "error 99 came 12:00:12; the forecast of 11.0 s before was off by +1.0 s"},
		{14, at(RunningOut, 5), ""},
		{15, at(Slow, 0), "no longer due; 1.00 s ago it was, for 12:00:19"},
	} {
		said := strings.Join(w.Add(step.report, begin.Add(time.Duration(step.after*1e9))), "\n")
		if (step.want == "") != (said == "") || !strings.Contains(said, step.want) {
			t.Errorf("after %g s it says %q, want %q", step.after, said, step.want)
		}
	}
}
