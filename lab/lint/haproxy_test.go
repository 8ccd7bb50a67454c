package lint

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/scenarios/haproxyconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

func haproxyReport(t testing.TB, file string) *Report {
	t.Helper()
	text := filetest.Read(t, file)
	c, err := haproxyconf.Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return NewHAProxy(file, c)
}

// TestHAProxyForms holds every form of what is said of a HAProxy configuration against a
// golden file, and those for programs against their schemas.
func TestHAProxyForms(t *testing.T) {
	r := haproxyReport(t, "testdata/haproxy.cfg")
	if !r.Failed() {
		t.Error("mysql runs out of ports, and nothing is at warning or above")
	}
	var text, github, sarif bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/haproxy.text", text.String())
	doc, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = schematest.Lint(t, doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/haproxy.json", string(doc)+"\n")
	if err := r.WriteGitHub(&github, "/somewhere"); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/haproxy.github", github.String())
	if err := WriteSARIF(&sarif, "0.0.1", []*Report{r}); err != nil {
		t.Fatal(err)
	}
	if err := schematest.SARIF(t, sarif.Bytes()); err != nil {
		t.Error(err)
	}
	var log sarifLog
	if err := json.Unmarshal(sarif.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	for i, x := range log.Runs[0].Results {
		if x.RuleIndex < 0 || log.Runs[0].Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID || x.RuleID != r.Findings[i].ID {
			t.Errorf("result %d is about rule %d, %s", i, x.RuleIndex, x.RuleID)
		}
		if at := x.Locations[0].Physical.Region; at.StartLine != r.Findings[i].Line || at.EndColumn <= at.StartColumn {
			t.Errorf("result %d is at %+v", i, at)
		}
	}
}

// TestHAProxyHasLessons: what the rules of both kinds find has one, and no ID has two.
func TestHAProxyHasLessons(t *testing.T) {
	var ids []string
	for _, r := range Rules() {
		if slices.Contains(ids, r.ID) {
			t.Errorf("%s stands twice", r.ID)
		}
		ids = append(ids, r.ID)
	}
	for _, file := range append([]string{"testdata/haproxy.cfg"}, haproxyFiles(t)...) {
		for _, f := range haproxyReport(t, file).Findings {
			if !slices.Contains(ids, f.ID) {
				t.Errorf("%s: no lesson for %s", file, f.ID)
			}
		}
	}
}

const haproxyPattern = "../../scenarios/haproxyconf/testdata/*.cfg"

func haproxyFiles(t testing.TB) []string {
	files, err := filepath.Glob(haproxyPattern)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	return files
}

// FuzzHAProxyForms: whatever a file says, it is told in every form as the schema has it,
// with nothing in it that commands a terminal.
func FuzzHAProxyForms(f *testing.F) {
	filetest.Seed(f, haproxyPattern)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := haproxyconf.Parse("haproxy.cfg", text)
		var r *Report
		var b bytes.Buffer
		if err != nil {
			m := MistakeOf("haproxy.cfg", err, map[string][]byte{"haproxy.cfg": text})
			r = Unread(m, "haproxy.cfg", nginxconf.Release{})
			r.Kind = KindHAProxy
			err = m.Write(&b)
		} else {
			r = NewHAProxy("haproxy.cfg", c)
			err = r.Write(&b)
		}
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(b.String(), func(c rune) bool {
			return c < ' ' && c != '\n' && c != '\t' || c == utf8.RuneError
		}); i >= 0 {
			t.Errorf("the text has %q", b.String()[i:min(i+8, b.Len())])
		}
		doc, err := json.Marshal(r)
		if err == nil {
			err = schematest.Lint(t, doc)
		}
		if err != nil {
			t.Error(err)
		}
		for _, x := range r.Findings {
			line, mark := r.span(x).quoted()
			if utf8.RuneCountInString(mark) > utf8.RuneCountInString(line)+1 {
				t.Errorf("%q is marked by %q", line, mark)
			}
		}
	})
}
