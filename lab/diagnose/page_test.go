package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// TestPageShowsWhatIsPrinted: the example of docs/diagnose.md is the recorded host's. Lines
// may be broken elsewhere, and … stands for any text.
func TestPageShowsWhatIsPrinted(t *testing.T) {
	page := filetest.Read(t, "../../docs/diagnose.md")
	printed := filetest.Read(t, "testdata/recorded.txt")
	_, rest, _ := strings.Cut(string(page), "```text\n")
	shown, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the page shows nothing")
	}
	want := strings.ReplaceAll(regexp.QuoteMeta(strings.Join(strings.Fields(shown), " ")), "…", ".*")
	if !regexp.MustCompile(want).MatchString(strings.Join(strings.Fields(string(printed)), " ")) {
		t.Errorf("the page shows\n%s\nand what is printed is\n%s", shown, printed)
	}
	for _, id := range findingIDs(t) {
		if !strings.Contains(string(page), id) {
			t.Errorf("the page does not have the finding %s", id)
		}
	}
}

// TestSchemaHasTheRules: each rule has an id, and the schema and the list of rules the same.
func TestSchemaHasTheRules(t *testing.T) {
	all := []string{countedID, otherCauseID} // of the trace, which knows namespaces that no look saw
	for _, r := range rules {
		all = append(all, r.id)
	}
	slices.Sort(all)
	if schema := slices.Sorted(slices.Values(findingIDs(t))); !slices.Equal(all, schema) {
		t.Errorf("rules %q, and the schema has %q", all, schema)
	}
}

// findingIDs are those of the schema.
func findingIDs(t *testing.T) []string {
	b := filetest.Read(t, "../../results/schema/diagnose.v1.json")
	m := regexp.MustCompile(`(?s)"id": \{"enum": \[(.*?)\]`).FindSubmatch(b)
	if m == nil {
		t.Fatal("the schema lists no findings")
	}
	var all []string
	for id := range strings.SplitSeq(string(m[1]), ",") {
		all = append(all, strings.Trim(strings.TrimSpace(id), `"`))
	}
	return all
}
