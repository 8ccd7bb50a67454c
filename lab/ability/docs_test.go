package ability

import (
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// TestThePageHasEveryAbility in the words that reports use.
func TestThePageHasEveryAbility(t *testing.T) {
	b := filetest.Read(t, "../../docs/abilities.md")
	for _, a := range All {
		then := a.Otherwise
		if a.is == nil {
			then = "–"
		}
		row := "| `" + a.ID + "` | " + a.Name + " | " + a.Tried + " | " + then + " |\n"
		if !strings.Contains(string(b), row) {
			t.Errorf("docs/abilities.md has no row\n%s", row)
		}
	}
}
