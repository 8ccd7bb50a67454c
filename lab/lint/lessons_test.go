package lint

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
)

// TestLessons holds docs/lint.md to the rules: what stands below the mark is
// made from them. -update writes it anew.
func TestLessons(t *testing.T) {
	const page = "../../docs/lint.md"
	text := filetest.Read(t, page)
	const mark = "<!-- What follows is made from the rules in scenarios/nginxconf and scenarios/haproxyconf: " +
		"`go test ./lab/lint -update`. -->\n\n"
	head, _, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has no line %s", page, mark)
	}
	golden.Compare(t, page, head+mark+lessons())
}

// lessons is the part of docs/lint.md that follows from the rules: a heading
// for each id.
func lessons() string {
	var b strings.Builder
	for _, r := range Rules() {
		about := string(r.Level)
		if r.Kind == KindHAProxy {
			about = "HAProxy, " + about
		}
		fmt.Fprintf(&b, "## %s\n\n*%s.* %s\n\n", r.ID, about, strings.TrimSpace(r.Doc))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// TestRulesHaveLessons: every rule has an id that can be a heading, and a
// lesson that says what to do.
func TestRulesHaveLessons(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		var b bytes.Buffer
		if found, err := WriteRule(&b, r.ID); err != nil || !found || !strings.Contains(b.String(), Docs(r.ID)) {
			t.Errorf("%s: found %t, %v: %s", r.ID, found, err, b.String())
		}
		if seen[r.ID] || strings.ToLower(r.ID) != r.ID || strings.ContainsAny(r.ID, " _.") {
			t.Errorf("%q is no id, or one of two", r.ID)
		}
		if len(strings.Fields(r.Doc)) < 20 || len(Sentence(r.Doc)) > 240 {
			t.Errorf("%s: the lesson is too short, or its first sentence too long: %s", r.ID, Sentence(r.Doc))
		}
		seen[r.ID] = true
	}
	if found, err := WriteRule(new(bytes.Buffer), "no-such-rule"); found || err != nil {
		t.Errorf("a rule that there is not: %t, %v", found, err)
	}
}
