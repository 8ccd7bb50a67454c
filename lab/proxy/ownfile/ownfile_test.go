package ownfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// at is a configuration in a directory, with files beside it.
func at(t *testing.T, text string, files map[string]string) *Files {
	t.Helper()
	dir := t.TempDir()
	filetest.Tree(t, dir, files)
	v := scenarios.Variant{
		Backend: scenarios.Backend{Addresses: 2, Ports: 1},
		ProxyFile: &scenarios.ConfigFile{
			Name:   "main.conf",
			Label:  filepath.Join(dir, "main.conf"),
			Text:   []byte(text),
			OnDisk: true,
		},
	}
	return New(v, proxy.Example(v), "/etc/kind")
}

// TestInclude: what lies beside the file comes along, a copy of a host's files too, and
// nothing else.
func TestInclude(t *testing.T) {
	f := at(t, "main", map[string]string{"conf.d/b.conf": "b", "conf.d/a!.conf": "a", "conf.d/c.txt": "c"})
	dir := filepath.Dir(f.Main.Label)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	whole := Span{f.Main, 0, 4}
	for _, tc := range []struct{ pattern, to, why string }{
		{"conf.d/*.conf", "/etc/lab/included/1/*", ""},
		{"/etc/kind/conf.d/b.conf", "/etc/lab/included/2/001-b.conf", ""},
		{dir + "/conf.d/c.txt", "/etc/lab/included/3/001-c.txt", ""},
		{"conf.d/*.conf", "/etc/lab/included/1/*", ""},
		{"gone", "", "there is no such file"},
		{"away", "", "files outside the configuration's directory"},
		{"/etc/hostname", "", "files outside the configuration's directory"},
		{strings.Repeat("../", 20) + "etc/passwd", "", "files outside the configuration's directory"},
		{"conf.d", "", "there is no such file"},
	} {
		_, to, why, err := f.Include(whole, tc.pattern)
		if err != nil || to != tc.to || !strings.HasPrefix(why, tc.why) || (tc.why == "") != (why == "") {
			t.Errorf("%s: %q, %q, %v", tc.pattern, to, why, err)
		}
	}
	if _, _, _, err := f.Include(whole, "["); err == nil ||
		!strings.HasPrefix(err.Error(), f.Main.Label+":1:1: \"[\" is no pattern") {
		t.Error(err)
	}
	var err error
	for i := 0; i < 2000 && err == nil; i++ {
		_, _, _, err = f.Include(whole, "conf.d/b.conf")
	}
	if err == nil || !strings.Contains(err.Error(), "may not include itself") {
		t.Errorf("without end: %v", err)
	}
	got := f.Config().More
	for name, text := range map[string]string{
		"1/001-a_.conf": "a",
		"1/002-b.conf":  "b",
		"2/001-b.conf":  "b",
		"3/001-c.txt":   "c",
	} {
		if string(got["/etc/lab/included/"+name]) != text {
			t.Errorf("%s: %q", name, got["/etc/lab/included/"+name])
		}
	}
	alone := New(scenarios.Variant{ProxyFile: &scenarios.ConfigFile{Label: "x"}}, proxy.Site{})
	if _, _, why, err := alone.Include(Span{alone.Main, 0, 0}, "y"); why == "" || err != nil {
		t.Error(why, err)
	}
}

// TestEdits: of two that overlap the first one stands, lines keep their numbers, and what is
// said has its place.
func TestEdits(t *testing.T) {
	f := at(t, "one\ntwo three\nfour\n", nil)
	Span{f.Main, 4, 14}.Replace("2")
	Span{f.Main, 8, 13}.Become("3")
	Span{f.Main, 14, 18}.Become("4")
	f.Note("about none")
	c := f.Config()
	if got := string(c.Text); got != "one\n2\n4\n" {
		t.Errorf("%q", got)
	}
	want := []string{"about none", f.Main.Label + ":2: three becomes 3", f.Main.Label + ":3: four becomes 4"}
	if !slices.Equal(c.Rewrites, want) {
		t.Errorf("%q", c.Rewrites)
	}
}

// TestBackends: each destination of the file keeps one of the lab's.
func TestBackends(t *testing.T) {
	f := at(t, "", nil)
	a, b := f.Backend("a:1"), f.Backend("b:1")
	if a == b || f.Backend("a:1") != a || f.Reached("b:1") != b || f.Reached("c:1") != Nobody {
		t.Error(a, b, f.Reached("c:1"))
	}
}

// TestLines: words, quotes, comments and continued lines of three languages.
func TestLines(t *testing.T) {
	apache, caddy, squid := Language{Quotes: `"'`, Longer: true}, Language{
		Quotes: "\"`",
		Raw:    "`",
		Across: true,
		Inline: true,
	}, Language{Inline: true}
	for _, tc := range []struct {
		lang Language
		text string
		want string
	}{
		{apache, "a \"b c\" 'd\"'\n# x \\\n y\nz#1 # 2", "a|b c|d\"\nz#1|#|2"},
		{apache, "a \\\n  b \"c\\\"d\" \"e\n f", "a|b|c\"d|e\nf"},
		{apache, "a\\\r\nb", "a|b"},
		{caddy, "a { # b\n \"c\nd\" `e\\` f#g\n}", "a|{\nc\nd|e\\|f#g\n}"},
		{squid, "a \"b c\" # d \\\ne \\\n\tf", "a|\"b|c\"\ne|f"},
	} {
		f := at(t, tc.text, nil)
		lines, err := f.Main.Lines(tc.lang)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range lines {
			var words []string
			for _, w := range l.Words {
				words = append(words, w.Value)
			}
			got = append(got, strings.Join(words, "|"))
		}
		if s := strings.Join(got, "\n"); s != tc.want {
			t.Errorf("%q is %q, want %q", tc.text, s, tc.want)
		}
	}
	if _, err := at(t, "a `b", nil).Main.Lines(caddy); err == nil ||
		!strings.Contains(err.Error(), ":1:3: a quote (`) that does not end") {
		t.Error(err)
	}
}

// FuzzLines: words stand one behind the other, and each in its file.
func FuzzLines(f *testing.F) {
	f.Add("a \"b\\\"c\" \\\n d # e\n'x\ny' `z`", uint8(0))
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		lang := []Language{{Quotes: `"'`, Longer: true}, {
			Quotes: "\"`",
			Raw:    "`",
			Across: true,
			Inline: true,
		}, {Inline: true}}[which%3]
		file := &File{ConfigFile: &scenarios.ConfigFile{Label: "f", Text: []byte(text)}}
		lines, err := file.Lines(lang)
		if err != nil {
			return
		}
		end := 0
		for _, l := range lines {
			for _, w := range l.Words {
				if w.Start < end || w.End <= w.Start || w.End > len(text) {
					t.Fatalf("%q: a word from %d to %d behind %d", text, w.Start, w.End, end)
				}
				end = w.End
			}
		}
	})
}
