package report

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

func TestJUnitTellsFailuresFromErrors(t *testing.T) {
	no, law := false, 2.5
	run := charttest.Cut()
	base := &run.Summary.Variants[0]
	base.AsExpected, base.Why = &no, "too <late>"
	base.Checks = []results.Check{{
		ID:        "first_error_99",
		Name:      "first error 99",
		OK:        &no,
		Law:       "t = K/(fR)",
		Predicted: &law,
		Text:      "3 s",
	}}
	var b bytes.Buffer
	if err := JUnit(&b, charttest.Save(t, t.TempDir(), run)); err != nil {
		t.Fatal(err)
	}
	var got junitSuite
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 4 || got.Failures != 1 || got.Errors != 3 || len(got.Cases) != 4 ||
		got.Name != "lab99.port-exhaustion.quick" {
		t.Errorf("%d tests, %d failures, %d errors, want 4, 1 and 3: what never ran is no success\n%s",
			got.Tests, got.Failures, got.Errors, b.String())
	}
	f := got.Cases[0].Failure
	if f == nil || got.Cases[0].Error != nil ||
		!strings.Contains(f.Text, "Too <late>.\nfirst error 99: 3 s (law: t = K/(fR))") {
		t.Errorf("the baseline's failure is %+v", f)
	}
	if e := got.Cases[3].Error; e == nil || e.Type != results.NotRun || got.Cases[3].Failure != nil {
		t.Errorf("the variant that never ran is %+v", got.Cases[3])
	}
}

// TestSkippedIsNoError in JUnit, and named in the report, without a card to roll it
// out by.
func TestSkippedIsNoError(t *testing.T) {
	run := charttest.Cut()
	const why = "Linux 5.10 has no net.ipv4.tcp_tw_reuse_delay in a network namespace"
	name := run.Plan.Variants[3].Name // never ran
	run.Summary.Skipped = []results.SkippedVariant{{Name: name, Why: why}}
	dir := charttest.Save(t, t.TempDir(), run)
	var b bytes.Buffer
	if err := JUnit(&b, dir); err != nil {
		t.Fatal(err)
	}
	var got junitSuite
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	c := got.Cases[3]
	if got.Skipped != 1 || c.Error != nil || c.Failure != nil || c.Skipped == nil ||
		!strings.Contains(c.Skipped.Message, why) {
		t.Errorf("%+v of %d skipped\n%s", c, got.Skipped, b.String())
	}
	stored, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := newPage(stored, nil)
	b.Reset()
	if err := p.step(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{name + " was skipped: " + why, "| **" + name + "**: ", " | skipped | "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	for _, r := range p.Rollouts() {
		if r.Name == name {
			t.Errorf("a card for what was skipped: %+v", r)
		}
	}
}

func TestTheStepSummaryIsTheVerdictAndTheTable(t *testing.T) {
	var b bytes.Buffer
	if err := Step(&b, charttest.Save(t, t.TempDir(), charttest.Quick())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### lab99: nginx ran out of its 500 source ports 2.50 s", "1.22.1 was assembled",
		"\n| **baseline**: the baseline | reproduced; as expected: yes | 7.50 s | 2.50 s | 2.50 s | "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if b.Len() > 4000 {
		t.Errorf("%d bytes: that is no summary", b.Len())
	}
}
