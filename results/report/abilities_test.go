package report

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/results/chart/charttest"
)

// TestAbilitiesAreInThePage in words, with what the laws do where the kernel
// differs. A run of an older lab99 has none.
func TestAbilitiesAreInThePage(t *testing.T) {
	const heading = "What the kernel can do"
	if html, _ := pagesOf(t, "quick"); strings.Contains(html, heading) {
		t.Error("a run without abilities has a table of them")
	}
	run := charttest.Quick()
	no, hz := false, 100
	run.Env.Abilities = &ability.Found{
		TimeWaitCountedAtCreation: &no,
		HZ:                        &hz,
		Unknown:                   map[string]string{"openat2": "nobody may"},
	}
	html, _ := pages(t, run)
	for _, want := range []string{
		heading, "TcpExt TW counts a TIME_WAIT when it begins",
		"<td>no</td>", "TW, TWKilled, TWRecycled", "<td>100</td>",
		"unknown: nobody may",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
