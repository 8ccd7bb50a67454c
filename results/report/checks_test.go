package report

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

func TestChecksAreWords(t *testing.T) {
	yes, n := true, func(x float64) *float64 { return &x }
	for law, want := range map[string]checked{
		"recovered_s > 59": {
			Name:      "recovery",
			Outcome:   "✓ holds",
			Law:       "what the scenario expects",
			Predicted: "after 59 s",
			Measured:  "62.5 s",
			Text:      "recovery: after 59 s expected, 62.5 s measured",
		},
		"recovered_s >= 59": {
			Name:      "recovery",
			Outcome:   "✓ holds",
			Law:       "what the scenario expects",
			Predicted: "after 59 s or more",
			Measured:  "62.5 s",
			Text:      "recovery: after 59 s or more expected, 62.5 s measured",
		},
		"p99_ms <= 3000": {
			Name:      "latency p99",
			Outcome:   "✓ holds",
			Law:       "what the scenario expects",
			Predicted: "at most 3,000 ms",
			Measured:  "62.5 ms",
			Text:      "latency p99: at most 3,000 ms expected, 62.5 ms measured",
		},
		"log_error_99 = 3": {
			Name:      "error 99 in nginx's log",
			Outcome:   "✓ holds",
			Law:       "what the scenario expects",
			Predicted: "exactly 3 lines",
			Measured:  "62.5 lines",
			Text:      "error 99 in nginx's log: exactly 3 lines expected, 62.5 lines measured",
		},
		"a figure of another lab99 > 1": {"claim", "✓ holds", "a figure of another lab99 > 1", "59", "62.5", "as it came"},
		"unheard_of > 1":                {"claim", "✓ holds", "unheard_of > 1", "59", "62.5", "as it came"},
	} {
		if got := inWords(results.Check{
			ID:        "claim",
			Name:      "claim",
			OK:        &yes,
			Law:       law,
			Predicted: n(59),
			Measured:  n(62.5),
			Text:      "as it came",
		}, "nginx"); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", law, got, want)
		}
	}
	unmeasured := results.Check{ID: "claim", Name: "claim", Law: "close_share < 0.1"}
	if got := inWords(unmeasured, "nginx"); got.Predicted != "under 10 %" ||
		got.Measured != "not measured" || got.Outcome != "? unknown" {
		t.Errorf("not measured: %+v", got)
	}
	if got := inWords(results.Check{
		ID:        "ok_before_error_99",
		Name:      "ok before it",
		OK:        &yes,
		Law:       "K/f",
		Predicted: n(4096),
		Measured:  n(4097),
		Text:      "t",
	}, "nginx"); got != (checked{
		Name:      "successes before error 99",
		Outcome:   "✓ holds",
		Law:       "K/f",
		Predicted: "4,096 requests",
		Measured:  "4,097 requests",
		Text:      "t",
	}) {
		t.Errorf("a law: %+v", got)
	}
}

// TestChecksAreOfTheProxyThatRan: a log of HAProxy's is not nginx's.
func TestChecksAreOfTheProxyThatRan(t *testing.T) {
	for _, c := range []results.Check{
		{ID: "log"},
		{ID: "claim", Law: "close_share < 0.1"},
		{ID: "claim", Law: "log_error_99 > 1"},
	} {
		if got := inWords(c, "HAProxy"); !strings.Contains(got.Name, "HAProxy") ||
			strings.Contains(got.Name+got.Text, "nginx") {
			t.Errorf("%+v", got)
		}
	}
}

// TestEveryClaimHasWords: a figure that scenarios learn to claim must not
// reach the page as a token.
func TestEveryClaimHasWords(t *testing.T) {
	for _, name := range scenarios.Metrics {
		if claimed[name].words == "" {
			t.Errorf("no words for %s", name)
		}
	}
}
