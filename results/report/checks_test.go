package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/verdict"
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

// TestAFigureIsOneEntry: a figure of the test's own, of which nothing but law.Figures knows.
// A scenario claims it, the judge measures it, and the page words it.
func TestAFigureIsOneEntry(t *testing.T) {
	before := law.Figures
	defer func() { law.Figures = before }()
	law.Figures = append(slices.Clone(before), law.Figure{
		Name:  "late_of_the_test",
		Words: "requests that nginx had late",
		Unit:  "lines",
		Of:    func(r law.Row) *float64 { return r.Field("late") },
	})

	file := filepath.Join(t.TempDir(), "scenario.yaml")
	text := "apiVersion: lab99/v1\nname: own\nkind: failure\ntitle: own\nports: 300\nrate: 200\nduration: 8s\n" +
		"variants:\n  - name: baseline\n    title: one\n    expect: {verdict: reproduced, measured: [late_of_the_test <= 3]}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(scenarios.Schema()), "late_of_the_test") {
		t.Error("the schema does not know it")
	}
	resolved, err := s.Resolve("", nil)
	if err != nil {
		t.Fatal(err)
	}
	row := verdict.Judge(verdict.Measured{Plan: results.VariantPlan{Claims: resolved.Variants[0].Expect.Measured},
		Totals: &results.Totals{Counts: results.Counts{Late: 2}}})
	at := slices.IndexFunc(row.Checks, func(c results.Check) bool { return c.ID == "claim" })
	if at < 0 {
		t.Fatalf("it was not judged: %+v", row.Checks)
	}
	want := checked{"requests that HAProxy had late", "✓ holds",
		"what the scenario expects", "at most 3 lines", "2 lines",
		"requests that HAProxy had late: at most 3 lines expected, 2 lines measured"}
	if got := inWords(row.Checks[at], "HAProxy"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
