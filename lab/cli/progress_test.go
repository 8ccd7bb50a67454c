package cli

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/results"
)

// TestPhasesAreSaidInWords: a line stands without the others, as in the log of a build, so
// the short words of the bars would be riddles there.
func TestPhasesAreSaidInWords(t *testing.T) {
	var b strings.Builder
	l := (&lines{w: &b}).Begin("baseline", results.VariantPlan{RatePerS: 200, DurationS: 10})
	for _, phase := range []string{"up", "read back", "load", "drain", "down", "judge"} {
		l.Phase(phase)
	}
	const want = `baseline: starting the servers
baseline: checking the settings that took effect
baseline: load: 200 requests/s for up to 10 s, no error 99 expected
baseline: waiting for the last replies
baseline: removing the lab
baseline: judging
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}
