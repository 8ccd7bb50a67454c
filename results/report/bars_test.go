package report

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// standard is a run of the standard size; long is ten minutes of five variants.
func standard() *results.Run { return sized("standard", 20, 4) }
func long() *results.Run     { return sized("long", 600, 5) }

func sized(name string, seconds float64, variants int) *results.Run {
	c := charttest.Case{Tuples: 4096, RatePerS: 1000, Duration: seconds, Churn: 1}
	if seconds > 100 {
		c.RatePerS = 100 // the report counts samples, not requests
	}
	var cases []charttest.Case
	for _, v := range []struct {
		name, verdict string
		churn, hold   float64
	}{{
		name:    "baseline",
		verdict: "reproduced",
		churn:   1,
	}, {
		name:    "keepalive",
		verdict: "mitigated",
	}, {
		name:    "tw-reuse",
		verdict: "mitigated",
		churn:   1,
		hold:    1,
	}, {
		name:    "multi-ip",
		verdict: "postponed",
		churn:   1,
	}, {
		name:    "wider",
		verdict: "postponed",
		churn:   1,
	}}[:variants] {
		c.Name, c.Verdict, c.Churn, c.HoldS = v.name, v.verdict, v.churn, v.hold
		cases = append(cases, c)
	}
	return charttest.Run("20261123-140000-port-exhaustion-"+name, name, cases...)
}

// TestALongRunMakesNoLargerPage: what is drawn is bounded by the pixels, not by the
// length of the run.
func TestALongRunMakesNoLargerPage(t *testing.T) {
	t.Parallel()
	dir := charttest.Save(t, t.TempDir(), long())
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.Stat(filepath.Join(dir, HTMLFile))
	if err != nil {
		t.Fatal(err)
	}
	if page.Size() > 1.5e6 {
		t.Errorf("the page has %d bytes, want at most 1.5 MB", page.Size())
	}
}

// BenchmarkReport is the bar of a standard run (3 s, 300 MB) and of ten
// minutes of five variants (10 s, and at most six times a standard run).
func BenchmarkReport(b *testing.B) {
	for _, run := range []*results.Run{standard(), long()} {
		dir := charttest.Save(b, b.TempDir(), run)
		b.Run(run.Plan.Size, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(dir); err != nil {
					b.Fatal(err)
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/1e6, "MB-of-the-system")
			if st, err := os.Stat(filepath.Join(dir, HTMLFile)); err == nil {
				b.ReportMetric(float64(st.Size())/1e3, "kB-page")
			}
		})
	}
}
