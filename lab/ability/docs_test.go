package ability

import (
	"os"
	"strings"
	"testing"
)

// TestThePageHasEveryAbility in the words that reports use.
func TestThePageHasEveryAbility(t *testing.T) {
	b, err := os.ReadFile("../../docs/abilities.md")
	if err != nil {
		t.Fatal(err)
	}
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
