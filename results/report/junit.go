package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/lab99/lab99/results"
)

// The JUnit form of what was expected, as build servers read it: a test case
// per variant. What could not be decided is an error, not a failure: it says
// nothing of the servers.
type (
	junitSuite struct {
		XMLName   xml.Name    `xml:"testsuite"`
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"` // seconds
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the expectations of the run in dir.
func JUnit(w io.Writer, dir string) error {
	run, err := results.Open(dir)
	if err != nil {
		return err
	}
	s := junitSuite{
		Name:      "lab99." + run.Plan.Scenario + "." + run.Plan.Size,
		Timestamp: strings.TrimSuffix(run.Summary.StartedUTC, "Z"),
	}
	total := 0.0
	for _, p := range run.Plan.Variants {
		v := run.Row(p)
		took := 0.0
		if v.LoadEndS != nil {
			took = *v.LoadEndS
		}
		c := junitCase{Class: s.Name, Name: v.Name, Time: fmt.Sprintf("%.3f", took), Out: sentence(v.Why)}
		m := &junitMessage{
			Type:    v.Verdict,
			Message: fmt.Sprintf("expected %s, got %s", v.Expected, v.Verdict),
			Text:    broken(v),
		}
		switch {
		case v.Verdict == results.Skipped:
			c.Skipped = &junitMessage{Type: v.Verdict, Message: sentence(v.Why)}
			s.Skipped++
		case v.AsExpected == nil:
			c.Error = m
			s.Errors++
		case !*v.AsExpected:
			c.Failure = m
			s.Failures++
		}
		total += took
		s.Cases = append(s.Cases, c)
	}
	s.Tests, s.Time = len(s.Cases), fmt.Sprintf("%.3f", total)
	b, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(b)+"\n")
	return err
}

// broken says why a variant is not as expected: the verdict's reason, and the
// checks that did not hold.
func broken(v results.Variant) string {
	lines := []string{sentence(v.Why)}
	for _, c := range v.Checks {
		if c.OK != nil && !*c.OK {
			lines = append(lines, fmt.Sprintf("%s: %s (law: %s)", c.Name, c.Text, c.Law))
		}
	}
	return strings.Join(lines, "\n")
}

// Step writes the finding and the table of verdicts of the run in dir, in the
// Markdown of a build's own page.
func Step(w io.Writer, dir string) error {
	run, err := results.Open(dir)
	if err != nil {
		return err
	}
	return newPage(run, nil).step(w)
}
