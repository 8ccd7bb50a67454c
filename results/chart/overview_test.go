package chart

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart/charttest"
)

// TestTheOverviewSaysWhatIsLost: connections where they are held, and requests elsewhere.
func TestTheOverviewSaysWhatIsLost(t *testing.T) {
	for _, c := range []struct {
		held int // variants
		want string
	}{{0, "requests lost"}, {1, "requests and connections lost"}, {4, "connections lost"}} {
		run := charttest.Quick()
		for i := range run.Summary.Variants[:c.held] {
			run.Summary.Variants[i].Held = &results.Held{}
		}
		f := overview(variants(run))
		if !strings.Contains(f.Subtitle, c.want) || f.Rows[0].Panels[0].Series[1].Name != c.want ||
			f.Table.Header[2] != c.want+" (%)" {
			t.Errorf("%d variants hold connections: %q, %q, %q",
				c.held, f.Subtitle, f.Rows[0].Panels[0].Series[1].Name, f.Table.Header[2])
		}
	}
}
