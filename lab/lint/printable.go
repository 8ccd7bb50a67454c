package lint

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Printable is a writer for text with parts of a file in it: what could command
// a terminal is written as a question mark.
func Printable(w io.Writer) io.Writer { return printable{w} }

type printable struct{ w io.Writer }

func (p printable) Write(b []byte) (int, error) {
	_, err := io.WriteString(p.w, clean(string(b)))
	return len(b), err
}

// clean replaces control characters and what is no UTF-8, each by one character.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t', c == '\n':
			return c
		case c < ' ', c >= 0x7f && c < 0xa0, c == utf8.RuneError:
			return '?'
		}
		return c
	}, s)
}
