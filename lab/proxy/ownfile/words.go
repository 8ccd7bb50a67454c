package ownfile

import (
	"fmt"
	"strings"
)

// A Word of a line.
type Word struct {
	Span
	Value string // without quotes and escapes
}

// A Line has at least one word. It may go over several of the file's, by a backslash.
type Line struct {
	Span
	Words []Word
}

// Name is the first word.
func (l Line) Name() string { return l.Words[0].Value }

// Arg is a word, "" where the line is shorter.
func (l Line) Arg(i int) string {
	if i < len(l.Words) {
		return l.Words[i].Value
	}
	return ""
}

// Drop makes a comment of it, and says why, or that it is left out.
func (l Line) Drop(why string, args ...any) {
	at := l.Span
	at.End = at.Start
	at.File.edits = append(at.File.edits, edit{at.Start, at.Start, "# lab: "})
	if why == "" {
		l.Say("%s is left out", l.Name())
		return
	}
	l.Say(why, args...)
}

// A Language is how a kind's files are split into lines of words.
type Language struct {
	Quotes string // characters that quote
	Raw    string // those of them in which a backslash is none
	Across bool   // a quote may hold the ends of lines; else it ends with the line
	Inline bool   // a # begins a comment at any word
	Longer bool   // a backslash makes a comment longer
}

// Lines are those of a file that say something.
func (f *File) Lines(lang Language) (lines []Line, err error) {
	text := f.Text
	if strings.HasPrefix(string(text), "\xef\xbb\xbf") {
		return nil, f.Mistake(0, "the file begins with a byte order mark", "save it as UTF-8 without one")
	}
	var line Line
	end := func() {
		if len(line.Words) > 0 {
			first, last := line.Words[0], line.Words[len(line.Words)-1]
			line.Span = Span{f, first.Start, last.End}
			lines = append(lines, line)
		}
		line = Line{}
	}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n':
			end()
			i++
		case c == '\\' && lineEnd(text, i+1) > 0:
			i = lineEnd(text, i+1)
		case c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f':
			i++
		case c == '#' && (lang.Inline || len(line.Words) == 0):
			i = f.comment(i, lang)
		default:
			var w Word
			if w, err = f.word(i, lang); err != nil {
				return nil, err
			}
			line.Words = append(line.Words, w)
			i = w.End
		}
	}
	end()
	return lines, nil
}

// lineEnd is where the next line begins if a line ends here; 0 if it does not.
func lineEnd(text []byte, i int) int {
	if i < len(text) && text[i] == '\r' {
		i++
	}
	if i < len(text) && text[i] == '\n' {
		return i + 1
	}
	return 0
}

// comment is where it ends.
func (f *File) comment(i int, lang Language) int {
	for ; i < len(f.Text) && f.Text[i] != '\n'; i++ {
		if n := lineEnd(f.Text, i+1); lang.Longer && f.Text[i] == '\\' && n > 0 {
			i = n - 1
		}
	}
	return i
}

// word reads one from where it begins.
func (f *File) word(start int, lang Language) (Word, error) {
	text, i := f.Text, start
	var value []byte
	quoted := strings.IndexByte(lang.Quotes, text[i]) >= 0
	quote := text[i]
	if quoted {
		i++
	}
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == quote:
			return Word{Span{f, start, i + 1}, string(value)}, nil
		case c == '\n' && !(quoted && lang.Across), !quoted && strings.IndexByte(" \t\r\v\f", c) >= 0:
			return Word{Span{f, start, i}, string(value)}, nil
		case c == '\\' && !(quoted && lang.Across) && lineEnd(text, i+1) > 0:
			if !quoted {
				return Word{Span{f, start, i}, string(value)}, nil
			}
			i = lineEnd(text, i+1) - 1
			continue
		case c == '\\' && quoted && !strings.ContainsRune(lang.Raw, rune(quote)) &&
			i+1 < len(text) && (text[i+1] == quote || text[i+1] == '\\'):
			i++
			c = text[i]
		}
		value = append(value, c)
	}
	if quoted && lang.Across {
		return Word{}, f.Mistake(start, fmt.Sprintf("a quote (%c) that does not end", quote), "close it")
	}
	return Word{Span{f, start, i}, string(value)}, nil
}
