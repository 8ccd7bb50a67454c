package lint

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// FuzzForms: whatever a file says, it is told in every form, with nothing in it
// that commands a terminal, and quotes are as wide as they say.
func FuzzForms(f *testing.F) {
	filetest.Seed(f, "../../scenarios/nginxconf/testdata/*.conf")
	f.Fuzz(func(t *testing.T, text []byte) {
		open := func(string) ([]byte, error) { return nil, os.ErrNotExist }
		c, err := nginxconf.Load("nginx.conf", nginxconf.Options{Text: append([]byte{}, text...), Open: open})
		var r *Report
		var b bytes.Buffer
		if err != nil {
			m := MistakeOf("nginx.conf", err, map[string][]byte{"nginx.conf": text})
			r = Unread(m, "nginx.conf", nginxconf.Release{})
			err = m.Write(&b)
		} else {
			r = New("nginx.conf", c, nginxconf.Release{})
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
		for _, x := range r.Findings {
			line, mark := r.span(x).quoted()
			if utf8.RuneCountInString(mark) > utf8.RuneCountInString(line)+1 {
				t.Errorf("%q is marked by %q", line, mark)
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		b.Reset()
		if err := r.WriteGitHub(&b, "/"); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if !strings.HasPrefix(line, "::") {
				t.Errorf("GitHub is told %q", line)
			}
		}
	})
}
