package exporter

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/results/monitoring"
)

// recorded is a look at a real host, kept by package diagnose.
func recorded(t testing.TB, change func(*diagnose.Snapshot)) look {
	t.Helper()
	text := filetest.Read(t, "../testdata/recorded.json")
	var s diagnose.Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&s)
	}
	r := diagnose.Conclude(&s, diagnose.Options{Horizon: 10 * time.Minute, Top: 2})
	return look{begun: time.Unix(1795000000, 250e6), took: 12345 * time.Microsecond, report: r}
}

// text is what a scrape of it gets, without the cost of this process.
func text(l look) string {
	e := Exporter{Version: "1.2", Revision: "abc"}
	return regexp.MustCompile(`(?m)^(# \w+ )?process_.*\n`).ReplaceAllString(string(e.metrics(l, 7)), "")
}

func TestMetrics(t *testing.T) {
	golden.Compare(t, "testdata/recorded.txt", text(recorded(t, nil)))
}

// value is that of the one series of a metric with some label, "" if there is none.
func value(t testing.TB, text, metric, label string) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^` + metric + `(?:\{[^\n]*` + regexp.QuoteMeta(label) + `[^\n]*\})? (\S+)$`)
	m := line.FindAllStringSubmatch(text, -1)
	if len(m) > 1 {
		t.Fatalf("%d series %s with %s:\n%s", len(m), metric, label, text)
	}
	if m == nil {
		return ""
	}
	return m[0][1]
}

// TestNeverIsNotUnknown: what is not due is infinitely far, what is there is 0, and what is
// not known is not there.
func TestNeverIsNotUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		tuple diagnose.Tuple
		want  string
	}{
		"due":       {diagnose.Tuple{State: diagnose.RunningOut, FirstError99S: new(41.5)}, "41.5"},
		"there":     {diagnose.Tuple{State: diagnose.Exhausted}, "0"},
		"not due":   {diagnose.Tuple{State: diagnose.OK}, "+Inf"},
		"slow":      {diagnose.Tuple{State: diagnose.Slow, HalfRangeS: new(0.0)}, "+Inf"},
		"few cores": {diagnose.Tuple{State: diagnose.Slow, HalfRangeS: new(12.5)}, "12.5"},
		"not known": {diagnose.Tuple{State: diagnose.Unknown}, ""},
	} {
		c.tuple.Source, c.tuple.Destination = "10.0.0.1", "10.0.0.2:80"
		r := &diagnose.Report{Namespaces: []diagnose.NamespaceReport{{Name: "host", Tuples: []diagnose.Tuple{c.tuple}}}}
		if got := value(t, text(look{report: r}), "lab99_seconds_to_exhaustion", `source="10.0.0.1"`); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestCardinalityIsBounded: of many pairs the fullest are shown, and the others counted.
func TestCardinalityIsBounded(t *testing.T) {
	l := recorded(t, func(s *diagnose.Snapshot) {
		for i := range s.Namespaces {
			if n := &s.Namespaces[i]; len(n.Outgoing) > 0 {
				for len(n.Outgoing) < 5000 {
					n.Outgoing = append(n.Outgoing, n.Outgoing[0])
				}
			}
		}
	})
	got := text(l)
	if n := strings.Count(got, "\nlab99_ephemeral_ports_taken{"); n != 2 {
		t.Errorf("%d pairs are shown, want --top's 2", n)
	}
	if n := strings.Count(got, "\n"); n > 100 {
		t.Errorf("%d lines", n)
	}
	others := 0
	for _, n := range l.report.Namespaces {
		others += n.Others
	}
	if left := value(t, got, "lab99_pairs_left_out", ""); others < 4998 || left != fmt.Sprint(others) {
		t.Errorf("%s pairs are left out, want %d", left, others)
	}
}

// TestNamesakesAreToldApart: a series that stands twice makes Prometheus drop the scrape.
func TestNamesakesAreToldApart(t *testing.T) {
	r := &diagnose.Report{}
	for _, name := range []string{"unit a", "unit a", "unit a #2", "unit a", "é\x00\n\"", "é\x01\n\""} {
		pair := diagnose.Tuple{Source: "s", Destination: "d"}
		r.Namespaces = append(r.Namespaces, diagnose.NamespaceReport{Name: name, Tuples: []diagnose.Tuple{pair}})
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^lab99_ephemeral_ports_taken.*$`).FindAllString(text(look{report: r}), -1) {
		if seen[m] {
			t.Errorf("twice: %s", m)
		}
		seen[m] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d series, want 6: %v", len(seen), seen)
	}
}

// TestWhatIsAskedIsThere: the alert rules and the dashboard ask for metrics that there are.
func TestWhatIsAskedIsThere(t *testing.T) {
	e := Exporter{}
	all := string(e.metrics(recorded(t, nil), 1))
	asked := 0
	for _, f := range monitoring.OfDiagnose() {
		for _, name := range regexp.MustCompile(`\b(lab99|process)_[a-z0-9_]+`).FindAllString(string(f.Text), -1) {
			asked++
			if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).MatchString(all) {
				t.Errorf("%s asks for %s, which there is not", f.Name, name)
			}
		}
	}
	if asked < 15 {
		t.Errorf("%d metrics are asked for", asked)
	}
}
