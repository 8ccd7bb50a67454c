package lint

import (
	"strings"
	"testing"
)

// TestQuotes are lines that are hard to quote.
func TestQuotes(t *testing.T) {
	long := strings.Repeat("é", 300) + "keepalive 3;" + strings.Repeat("x", 300)
	for _, c := range []struct {
		what, text string
		start, end int
		line, mark string
	}{
		{"a tab stays one", "\tkeepalive 32;", 1, 13, "\tkeepalive 32;", "\t^~~~~~~~~~~~"},
		{"two bytes are one character", "é keepalive;", 3, 12, "é keepalive;", "  ^~~~~~~~~"},
		{"the end of the line", "server {", 8, 9, "server {", "        ^"},
		{"an empty line", "", 0, 1, "", "^"},
		{"only the line", "server {", 0, 0, "server {", ""},
		{"no UTF-8", "\xff keepalive;", 2, 11, "? keepalive;", "  ^~~~~~~~~"},
		{"a long line", long, 600, 612, "…" + long[560:720], strings.Repeat(" ", 21) + "^" + strings.Repeat("~", 11)},
	} {
		line, mark := span{c.text, c.start, c.end}.quoted()
		if line != c.line || mark != c.mark {
			t.Errorf("%s:\n%q\n%q, want\n%q\n%q", c.what, line, mark, c.line, c.mark)
		}
	}
}

// TestGitHubEscapes: what GitHub reads back is what was said.
func TestGitHubEscapes(t *testing.T) {
	got := command("warning", "a,b:c%.conf", 3, 5, 9, "x:y,z", "50 %, a: b\r\nc")
	want := "::warning file=a%2Cb%3Ac%25.conf,line=3,col=5,endColumn=8,title=x%3Ay%2Cz::50 %25, a: b%0D%0Ac"
	if got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	for file, want := range map[string]string{
		"/repo/conf/nginx.conf": "conf/nginx.conf", "/etc/nginx/nginx.conf": "/etc/nginx/nginx.conf",
		"conf/nginx.conf": "conf/nginx.conf", "/repository/x": "/repository/x", "/repo/..x": "..x",
	} {
		if got := relative(file, "/repo"); got != want {
			t.Errorf("%s is %s, want %s", file, got, want)
		}
	}
}

func TestURIs(t *testing.T) {
	for file, want := range map[string]string{
		"nginx.conf": "nginx.conf", "a b/50%.conf": "a%20b/50%25.conf",
		"/etc/nginx/nginx.conf": "file:///etc/nginx/nginx.conf",
		"x:y.conf":              "./x:y.conf", Stdin: "stdin",
	} {
		if got := uri(file); got != want {
			t.Errorf("%s is %s, want %s", file, got, want)
		}
	}
}
