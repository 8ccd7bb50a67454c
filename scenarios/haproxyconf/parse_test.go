package haproxyconf

import (
	"errors"
	"slices"
	"testing"
)

// TestWords: quotes, escapes, comments and variables are HAProxy's (its manual, 2.2).
func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"a  b\tc":                    {"a", "b", "c"},
		"a # b":                      {"a"},
		"a b#c d":                    {"a", "b"},
		`a \# b\ c`:                  {"a", "#", "b c"},
		`a 'b # c' d`:                {"a", "b # c", "d"},
		`a "b 'c' \" d"`:             {"a", `b 'c' " d`},
		`a b"c d"e`:                  {"a", "bc de"},
		`a ""`:                       {"a", ""},
		`a '\n' "\n" \n`:             {"a", `\n`, `\n`, "\n"},
		`a \x41 \q`:                  {"a", "A", `\q`},
		`a "${HOST}:80" '$x' $y \$z`: {"a", "${HOST}:80", "$x", "$y", `\$z`},
		"a b\r":                      {"a", "b"},
		"   ":                        nil,
	} {
		c, err := Parse("f", []byte("global\n"+text+"\n"))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for _, l := range c.Sections[0].Lines {
			for _, w := range l.Words {
				got = append(got, w.Text)
				if w.Variable != (w.Text == "${HOST}:80") {
					t.Errorf("%q: %q is a variable: %t", text, w.Text, w.Variable)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestMistakes have the place of what is wrong.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"global\n  log \"a\n": `f:2:7: a quote is not closed on its line, expected "`,
		"global\n  log a \\\n": "f:2:9: a backslash ends the line, and HAProxy continues none, " +
			"expected a character behind it",
		"global\n log \\x4\n":  `f:2:6: \x is cut off, expected two hexadecimal digits`,
		"global\n log \\xzz\n": `f:2:6: \x without a number, expected two hexadecimal digits`,
		"# ü\n mode tcp\n": `f:2:2: "mode" stands in no section, expected global, defaults, ` +
			`frontend, backend or listen`,
		"global\nbackend\n": "f:2:8: a backend section has no name, expected backend NAME",
		"http {\n": `f:1:1: "http" stands in no section, expected global, defaults, ` +
			`frontend, backend or listen`,
		"\xef\xbb\xbfglobal\n": "f:1:1: the file begins with a byte order mark, and HAProxy takes it for a part of " +
			"the first word, expected UTF-8 without one",
		"frontend from d\nglobal \"": "f:1:9: a frontend section has no name, expected frontend NAME",
	} {
		_, err := Parse("f", []byte(text))
		if s := (*SyntaxError)(nil); !errors.As(err, &s) || s.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

// TestRecognise tells it from nginx's, also from parts of that.
func TestRecognise(t *testing.T) {
	for text, want := range map[string]bool{
		"# mine\n\nglobal\n  daemon\n":              true,
		"defaults http\n mode http\n":               true,
		"listen stats\n bind :80\n":                 true,
		".if version_atleast(2.4)\nglobal\n.endif":  true,
		"\xef\xbb\xbfglobal\n":                      true,
		"":                                          false,
		"listen 80;\n":                              false,
		"listen 80; # of server\n":                  false,
		"upstream b { server 10.0.0.1; }\n":         false,
		"worker_processes 1;\nevents {}\nhttp {}\n": false,
		"mode http\n":                               false,
		"\x00\x01":                                  false,
	} {
		if got := Recognise([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
