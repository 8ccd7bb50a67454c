package chart

import (
	"io"
	"runtime"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// tenMinutes is a run of five variants, of which no sample is missing.
func tenMinutes() *results.Run {
	c := charttest.Case{Tuples: 4096, RatePerS: 100, Duration: 600, Churn: 1}
	base, keep, reuse, multi, wide := c, c, c, c, c
	base.Name, base.Verdict = "baseline", "reproduced"
	keep.Name, keep.Verdict, keep.Churn = "keepalive", "mitigated", 0
	reuse.Name, reuse.Verdict, reuse.HoldS = "tw-reuse", "mitigated", 1
	multi.Name, multi.Verdict, multi.Tuples = "multi-ip", "postponed", 3*c.Tuples
	wide.Name, wide.Verdict, wide.Tuples = "wider", "postponed", 2*c.Tuples
	return charttest.Run("20261123-140000-port-exhaustion-long", "long", base, keep, reuse, multi, wide)
}

// TestNoMorePointsThanPixels: a panel of so many pixels shows at most so many
// points of a series, on a wide page and on a phone, however long the run.
func TestNoMorePointsThanPixels(t *testing.T) {
	t.Parallel()
	run := tenMinutes()
	samples, points := 0, 0
	for _, v := range run.Variants {
		samples += len(v.Samples)
	}
	for _, f := range figures(t, run) {
		d, err := f.Draw(false)
		if err != nil {
			t.Fatal(err)
		}
		const pixels = pngDPI / 72 // of a point of the page
		n := 0
		for _, r := range f.Rows {
			for _, p := range r.Panels {
				for _, s := range p.Series {
					points += len(s.Points)
					if most := int(pixels * d.Areas[n].W); len(s.Points) > most {
						t.Errorf("%s, %s, %s: %d points on %d pixels", f.ID, r.Title, s.Name, len(s.Points), most)
					}
				}
				n++
			}
		}
	}
	if points > samples/8 || points == 0 {
		t.Errorf("%d points are drawn of %d samples", points, samples)
	}
	t.Logf("%d points of %d samples", points, samples)
}

// BenchmarkTenMinutes: the bar is 10 s and 300 MB for the whole report, of which
// most is the drawing.
func BenchmarkTenMinutes(b *testing.B) {
	run := tenMinutes()
	for b.Loop() {
		for _, f := range figures(b, run) {
			for _, err := range []error{
				f.WriteSVG(io.Discard),
				f.WritePNG(io.Discard),
				f.WriteCSV(io.Discard),
				f.WriteJSON(io.Discard),
			} {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/1e6, "MB-of-the-system")
}
