package format

import (
	"strings"
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

// Clean replaces control characters and what is no UTF-8, each by one character.
func Clean(s string) string {
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
