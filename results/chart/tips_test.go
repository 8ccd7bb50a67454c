package chart

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/lab99/lab99/results/chart/charttest"
)

// TestEveryBarAndDotOfAListTellsItsValue, to a pointer and to a reader of the
// file.
func TestEveryBarAndDotOfAListTellsItsValue(t *testing.T) {
	want := map[string]string{
		"time-wait-sides":    "multi-ip, proxy: 1,500 sockets in TIME_WAIT",
		"predicted-measured": "baseline, first error 99, forecast: 2.5 seconds",
	}
	for _, f := range figures(t, charttest.Quick()) {
		for _, phone := range []bool{false, true} {
			points := 0
			for _, r := range f.Rows {
				for _, p := range r.Panels {
					for _, s := range p.Series {
						if r.Y.Names != nil {
							points += len(s.Points)
						}
					}
				}
			}
			d, err := f.Draw(phone)
			if err != nil {
				t.Fatal(err)
			}
			if err := xml.Unmarshal([]byte("<svg>"+d.Body+"</svg>"), new(struct{})); err != nil {
				t.Errorf("%s: %v", f.ID, err)
			}
			if n := strings.Count(d.Body, "<rect"); n != points {
				t.Errorf("%s: %d titles for %d bars and dots", f.ID, n, points)
			}
			if w := want[f.ID]; w != "" && !strings.Contains(d.Body, "<title>"+w+"</title>") {
				t.Errorf("%s does not tell %q", f.ID, w)
			}
		}
	}
}
