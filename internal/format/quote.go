package format

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// widest is how much of a line is quoted, in bytes: some files are one line.
const widest = 160

// Quote is a line of a file and a line below it that marks bytes start to end
// of it, as compilers do. Of a long line it has the part around the mark. What
// could command a terminal is a question mark.
func Quote(text string, start, end int) (line, mark string) {
	end = min(end, len(text))
	if len(text) > widest {
		text, start, end = cut(text, start, end)
	}
	blank := strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, text[:min(start, len(text))])
	n := 1
	if end > start {
		n = utf8.RuneCountInString(text[start:end])
	}
	return Clean(text), blank + "^" + strings.Repeat("~", max(0, n-1))
}

// cut takes the part of a long line that has the mark.
func cut(text string, start, end int) (string, int, int) {
	from := max(0, start-widest/4)
	to := min(len(text), from+widest)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	text = text[from:to]
	start, end = start-from, min(end-from, len(text))
	if from > 0 {
		text, start, end = "…"+text, start+len("…"), end+len("…")
	}
	return text, start, end
}

// Clean replaces control characters, those that turn the direction of writing, and what
// is no UTF-8, each by one character.
func Clean(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t', c == '\n':
			return c
		case c < ' ', c >= 0x7f && c < 0xa0, c == utf8.RuneError, unicode.Is(unicode.Bidi_Control, c):
			return '?'
		}
		return c
	}, s)
}

// longestName is in characters. Kernels have process names of 15, and file names of 255.
const longestName = 64

// Name is a name that somebody else chose, as one short line for a terminal.
func Name(s string) string { return Short(OneLine(Clean(s)), longestName) }

// Short leaves so many characters of a text at the most.
func Short(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
