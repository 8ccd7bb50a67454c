package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/law"
)

const root = "../../.."

func incidents(t *testing.T) []incident {
	t.Helper()
	all, err := load(filepath.Join(root, scenarioDir))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestThePageIsThatOfTheFiles: but for what was measured, the page is what the files and the
// laws make of it now; and every incident was run, and came as expected.
func TestThePageIsThatOfTheFiles(t *testing.T) {
	b := filetest.Read(t, filepath.Join(root, page))
	want, err := fill(string(b), incidents(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("`go run ./lab/cmd/incidents` brings it up to date, "+
			"`make incidents` with new measurements (-want +got):\n%s", diff)
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if strings.Contains(line, "| not run |") || strings.Contains(line, "not as expected") ||
			strings.Contains(line, "| invalid |") {
			t.Error("not measured, or not as the law says: " + line)
		}
	}
}

// TestWhatWasMeasuredIsAsPredicted: a row that was measured before its scenario or a law
// changed does not stand beside the new prediction.
func TestWhatWasMeasuredIsAsPredicted(t *testing.T) {
	b := filetest.Read(t, filepath.Join(root, page))
	text, err := between(string(b), enacted)
	if err != nil {
		t.Fatal(err)
	}
	rows := measuredOn(text)
	for _, i := range incidents(t) {
		for _, v := range i.plan.Variants {
			row := rows[key([]string{i.title(), v.Title})]
			if row == nil {
				t.Errorf("%s, %s: no row", i.name, v.Title)
				continue
			}
			if v.Laws().Race {
				continue // the judge held it to the law with its f
			}
			within := law.BurstTolerance(v.Laws().Burst)
			var want, got float64
			fails := scan(row[colPredicted], &want)
			if scan(row[colMeasured], &got) != fails {
				t.Errorf("%s, %s: predicted %s, measured %s", i.name, v.Title, row[colPredicted], row[colMeasured])
			}
			early := law.EarlyBySplit(v.Laws().Sources, v.Laws().PerDestination()) * want
			if d := got - want; d > max(law.Tolerance(want), within) || -d > max(law.Tolerance(want), within, early) {
				t.Errorf("%s, %s: predicted %.2f s, measured %.2f s", i.name, v.Title, want, got)
			}
		}
	}
}

// scan reads the moment that a cell begins with, if it has one.
func scan(cell string, at *float64) bool {
	_, err := fmt.Sscanf(cell, "%f s", at)
	return err == nil
}

// TestTheLawsGiveTheReportsFigures: where a report has a figure that a law gives, the two
// are not further apart than a report is exact.
func TestTheLawsGiveTheReportsFigures(t *testing.T) {
	atSize := map[string]incident{}
	for _, i := range incidents(t) {
		if i.atSize != nil {
			atSize[i.name] = i
		}
	}
	k := func(name string) float64 { return float64(atSize[name].atSize.Variants[0].Predicted.Tuples) }
	hold := func(name string) float64 { return atSize[name].atSize.Variants[0].Predicted.HoldS }
	rate := func(name string) float64 { return atSize[name].atSize.Variants[0].RatePerS }
	for _, c := range []struct {
		name, what    string
		report, law   func(string) float64
		within, share float64
	}{
		{"istio-44008", "ports taken", is(28232), k, 0, 0},
		{"cosmosia-95", "connections that can be", is(28231), k, 1, 0},
		{"traefik-13123", "TIME_WAIT, those of other destinations too", is(28241), k, 0, 0.001},
		{"istio-51210", "connections a second at most", is(466), func(n string) float64 { return k(n) / hold(n) }, 0, 0.01},
		{
			name:   "openlibrary-13680",
			what:   "TIME_WAIT without reuse",
			report: is(40000),
			law:    func(n string) float64 { return rate(n) * hold(n) },
			share:  0.03,
		},
		{"envoy-44747", "ports of all ten endpoints together", is(28000), k, 0, 0.01},
		// At 500 a second the site went down. The law has it run out from here on.
		{"varnish-2622", "connections a second at most", is(500), func(n string) float64 { return k(n) / hold(n) }, 0, 0.1},
	} {
		i, ok := atSize[c.name]
		if !ok {
			t.Errorf("%s has no size %s", c.name, thread)
			continue
		}
		got, want := c.law(i.name), c.report(i.name)
		if math.Abs(got-want) > max(c.within, c.share*want) {
			t.Errorf("%s, %s: the law gives %.0f, the report %.0f", c.name, c.what, got, want)
		}
	}
	if i := atSize["varnish-2622"]; i.atSize.Variants[0].Predicted.Rho <= 1 {
		t.Error("varnish-2622: ports last at the report's rate, and there they did not")
	}
}

func is(x float64) func(string) float64 { return func(string) float64 { return x } }

// TestWhatWasMeasuredIsKept: an incident that is not run again keeps its figures, and one
// that was run gets new ones.
func TestWhatWasMeasuredIsKept(t *testing.T) {
	all := incidents(t)[:1]
	empty := "<!-- record -->\n<!-- /record -->\n<!-- enacted -->\n<!-- /enacted -->\n"
	first, err := fill(empty, all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(first, "| not run | – |") {
		t.Errorf("an incident that never ran has a figure:\n%s", first)
	}
	ran := strings.Replace(first, "| not run | – |", "| 1.23 s | reproduced |", 1)
	again, err := fill(ran, all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ran, again); diff != "" {
		t.Error(diff)
	}
	if _, err := fill("no marks", all, nil); err == nil {
		t.Error("a page without marks is taken")
	}
}
