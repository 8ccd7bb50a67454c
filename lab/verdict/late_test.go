package verdict

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestAPauseDelaysTheMoment: what the generator sent late when the ports ran out delays error
// 99 by as much, and by no more. A pause at any other time delays nothing.
func TestAPauseDelaysTheMoment(t *testing.T) {
	for name, tt := range map[string]struct {
		at, pauseAt float64
		late        int64
		holds       bool
	}{
		"on time":                {1.02, 0, 0, true},
		"late without a cause":   {1.06, 0, 0, false},
		"in a pause":             {1.06, 1.1, 8, true},
		"after a pause":          {1.06, 1.0, 8, true},
		"later than the pause":   {1.13, 1.1, 8, false},
		"long before it":         {1.06, 0.5, 8, false},
		"early, beside a pause":  {0.90, 0.9, 8, false},
		"a pause of one request": {1.06, 1.1, 1, false},
	} {
		m := measured(setup(100, 1, 100, 3), 3, nil)
		for _, s := range m.Samples {
			if s.Host == results.HostLoad && s.T > tt.pauseAt-0.01 && s.T < tt.pauseAt+0.01 {
				s.Load.Late = tt.late
			}
		}
		*m.Totals.FirstError = int64(tt.at * 1e9)
		held := false
		for _, c := range Judge(m).Checks {
			if c.ID == "first_error_99" {
				held = true
				if c.OK == nil || *c.OK != tt.holds {
					t.Errorf("%s: %s (%s)", name, c.Text, c.Law)
				}
			}
		}
		if !held {
			t.Errorf("%s: the moment is not checked", name)
		}
	}
}

// TestTwoMomentsAreTheSame: each may be off by its tolerance, and the later one by what the
// generator sent late. Nothing is "1.0 times as late".
func TestTwoMomentsAreTheSame(t *testing.T) {
	for name, tt := range map[string]struct {
		at   float64
		late int64
		want string
	}{
		"at the same moment": {1.00, 0, law.Reproduced},
		"off by both":        {1.05, 0, law.Reproduced},
		"later than that":    {1.07, 0, law.Postponed},
		"in a pause":         {1.07, 8, law.Reproduced},
		"later than a pause": {1.20, 8, law.Postponed},
	} {
		m := measured(setup(100, 1, 100, 3), 3, nil)
		m.Baseline = new(1.0)
		for _, s := range m.Samples {
			if s.Host == results.HostLoad && s.T > 1.09 && s.T < 1.11 {
				s.Load.Late = tt.late
			}
		}
		*m.Totals.FirstError = int64(tt.at * 1e9)
		if v := Judge(m); v.Verdict != tt.want {
			t.Errorf("%s: %s (%s), want %s", name, v.Verdict, v.Why, tt.want)
		}
	}
}
