package nginxconf

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

func TestWordsAreReadAsNginxReadsThem(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"a b c;", []string{"a", "b", "c"}},
		{"a\tb\r\nc ;", []string{"a", "b", "c"}},
		{"a # no ; word { \n b;", []string{"a", "b"}},
		{"a b#c;", []string{"a", "b#c"}},
		{`a "b c" 'd;{}' "";`, []string{"a", "b c", "d;{}", ""}},
		{`a "b\"c" 'd\'e' "f\\g" "h\ti";`, []string{"a", `b"c`, "d'e", `f\g`, "h\ti"}},
		{`a b\ c \;d \{e;`, []string{"a", `b\ c`, `\;d`, `\{e`}},
		{`a ^/(.*)\.php$;`, []string{"a", `^/(.*)\.php$`}},
		{`a b"c"d;`, []string{"a", `b"c"d`}},
		{`a ${b}c $d x${e};`, []string{"a", "${b}c", "$d", "x${e}"}},
		{`a "b")c;`, []string{"a", "b", ")c"}},
		{"a \"b\nc\";", []string{"a", "b\nc"}},
	} {
		tree, err := Parse("x", []byte(tt.text))
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		var got []string
		for _, w := range tree.Root[0].Words {
			got = append(got, w.Text)
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestSyntaxErrorsSayWhereAndWhatWasExpected(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a", `x:1:1: the directive does not end, expected ";" or "{"`},
		{"a {\n b;\n", `x:3:1: the file ends inside a of line 1, expected "}"`},
		{"a;\n}", `x:2:1: unexpected "}", expected a directive: there is no open block here`},
		{"a {\n b }", `x:2:4: unexpected "}", expected ";" after b of line 2`},
		{";", `x:1:1: unexpected ';', expected a directive`},
		{"a\n 'b;", `x:2:2: the quote does not end, expected a second '`},
		{`a "b"c;`, `x:1:6: unexpected 'c' behind a quoted word, expected white space, ";" or "{"`},
		{"a_by_lua_block {\n x = '}'", `x:1:1: the file ends inside a_by_lua_block, expected "}"`},
		{strings.Repeat("a {", 100), `x:1:196: blocks are nested too deeply, expected at most 64 levels`},
	} {
		_, err := Parse("x", []byte(tt.text))
		var s *SyntaxError
		if !errors.As(err, &s) || err.Error() != tt.want {
			t.Errorf("%.20q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestLuaEndsAtItsBrace(t *testing.T) {
	for _, code := range []string{
		"x = {}", `x = "}"`, `x = '\'}'`, "-- }\n", "--[[ } ]]", "--[==[ }\n]] } ]==] x = { 1 }", "x = [[ } ]]",
		"x = [=[ ]] } ]=]",
		"x = a[b[1]]", "x = '}", "a = b - -1", "--\n", "",
	} {
		text := "content_by_lua_block {" + code + "\n}\nafter;"
		tree, err := Parse("x", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", code, err)
			continue
		}
		if len(tree.Root) != 2 || tree.Root[1].Name() != "after" || tree.Root[1].Line != 1+strings.Count(text, "\n") {
			t.Errorf("%q: %d directives, the last in line %d", code, len(tree.Root), tree.Root[len(tree.Root)-1].Line)
		}
	}
}

// What every tree promises to a rewrite: offsets name the words, nothing
// overlaps, lines and columns fit.
func checkTree(t *testing.T, tree *Tree) {
	t.Helper()
	var check func(ds []*Directive, from, to int)
	check = func(ds []*Directive, from, to int) {
		at := from
		for _, d := range ds {
			if d.Start < at || d.End > to || d.End <= d.Start || d.Words[0].Start != d.Start {
				t.Fatalf("%s: %d to %d does not lie behind %d within %d", d.Pos(), d.Start, d.End, at, to)
			}
			line, column := tree.Position(d.Start)
			if line != d.Line || column != d.Column() || line != 1+strings.Count(tree.Text[:d.Start], "\n") {
				t.Fatalf("%s: position %d:%d", d.Pos(), line, column)
			}
			end := d.Start
			for _, w := range d.Words {
				source := tree.Text[w.Start:w.End]
				if w.Quoted {
					source = source[1 : len(source)-1]
				}
				if w.Start < end || unescape(source) != w.Text {
					t.Fatalf("%s: the word %q is %q", d.Pos(), source, w.Text)
				}
				end = w.End
			}
			if last := tree.Text[d.End-1]; last != ';' && last != '}' || d.HasBlock() != (last == '}') {
				t.Fatalf("%s: ends with %q", d.Pos(), last)
			}
			if d.HasBlock() {
				if tree.Text[d.Open-1] != '{' || d.Close != d.End-1 {
					t.Fatalf("%s: block %d to %d", d.Pos(), d.Open, d.Close)
				}
				check(d.Block, d.Open, d.Close)
			}
			at = d.End
		}
	}
	check(tree.Root, 0, len(tree.Text))
}

func TestOffsetsOfTestdata(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) < 60 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text := filetest.Read(t, file)
		if tree, err := Parse(file, text); err == nil {
			checkTree(t, tree)
		}
	}
}
