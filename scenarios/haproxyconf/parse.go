package haproxyconf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A Word of a line.
type Word struct {
	Text       string // without quotes and escapes
	Start, End int    // bytes of the file, with the quotes
	Variable   bool   // holds a variable of the environment, which no file tells
}

// A Line has at least one word.
type Line struct {
	Number int // from 1
	Words  []Word
}

// Name is the first word.
func (l *Line) Name() string { return l.Words[0].Text }

// Arg is the word at an index, "" where the line is shorter.
func (l *Line) Arg(i int) string {
	if i < len(l.Words) {
		return l.Words[i].Text
	}
	return ""
}

// Is says whether a line begins with these words.
func (l *Line) Is(words ...string) bool {
	for i, w := range words {
		if l.Arg(i) != w {
			return false
		}
	}
	return true
}

// A Section is a line that begins one, and those up to the next.
type Section struct {
	Kind  string // global, defaults, frontend, …
	Name  string // "" where it has none
	From  string // the defaults section that it names
	Head  *Line
	Lines []*Line // without the head, and without conditions
}

// Config is a file as it was read.
type Config struct {
	Name       string
	Text       []byte
	Sections   []*Section
	Conditions []*Line // .if and its kin: what stands in between is read in any case
	starts     []int   // of the lines
}

// SyntaxError is why a file cannot be read.
type SyntaxError struct {
	File         string
	Line, Column int // in bytes, from 1
	Offset       int
	Msg, Want    string
}

func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
	if e.Want != "" {
		text += ", expected " + e.Want
	}
	return text
}

// kinds are the words that begin a section.
// https://docs.haproxy.org/3.2/configuration.html#2.1
var kinds = []string{
	"global", "defaults", "frontend", "backend", "listen", "peers", "userlist", "mailers", "resolvers", "program",
	"cache", "ring", "http-errors", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme", "cluster",
}

// Recognise says whether a text is a HAProxy configuration rather than nginx's, by the
// first line that says something: nginx's end in ; or {.
func Recognise(text []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(text, byteOrderMark)) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		words := strings.Fields(string(line))
		if len(words) == 0 || strings.HasPrefix(words[0], ".") {
			continue
		}
		return slices.Contains(kinds, words[0]) && !bytes.ContainsAny(line, ";{")
	}
	return false
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Parse reads a file. Its name is for errors. An error is a *SyntaxError.
func Parse(name string, text []byte) (*Config, error) {
	c := &Config{Name: name, Text: text}
	if bytes.HasPrefix(text, byteOrderMark) {
		c.starts = []int{0}
		return nil, c.mistake(0, "the file begins with a byte order mark, "+
			"and HAProxy takes it for a part of the first word",
			"UTF-8 without one")
	}
	for at := 0; at < len(text); {
		c.starts = append(c.starts, at)
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		line := &Line{Number: len(c.starts)}
		var err error
		if line.Words, err = c.words(at, at+end); err != nil {
			return nil, err
		}
		if len(line.Words) > 0 {
			if err := c.add(line); err != nil {
				return nil, err
			}
		}
		at += end + 1
	}
	return c, nil
}

// add puts a line where it belongs.
func (c *Config) add(l *Line) error {
	switch n := len(c.Sections); {
	case strings.HasPrefix(l.Name(), "."):
		c.Conditions = append(c.Conditions, l)
	case slices.Contains(kinds, l.Name()):
		s := &Section{Kind: l.Name(), Head: l}
		rest := l.Words[1:]
		if len(rest) > 0 && rest[0].Text != "from" {
			s.Name, rest = rest[0].Text, rest[1:]
		}
		if len(rest) > 1 && rest[0].Text == "from" {
			s.From = rest[1].Text
		}
		if s.Name == "" && slices.Contains([]string{"frontend", "backend", "listen"}, s.Kind) {
			return c.mistake(l.Words[0].End, "a "+s.Kind+" section has no name", s.Kind+" NAME")
		}
		c.Sections = append(c.Sections, s)
	case n == 0:
		return c.mistake(l.Words[0].Start, fmt.Sprintf("%q stands in no section", l.Name()),
			"global, defaults, frontend, backend or listen")
	default:
		c.Sections[n-1].Lines = append(c.Sections[n-1].Lines, l)
	}
	return nil
}

// Position is the line and column of a byte, from 1.
func (c *Config) Position(offset int) (line, column int) {
	i, found := slices.BinarySearch(c.starts, offset)
	if !found {
		i--
	}
	if i < 0 {
		return 1, 1
	}
	return i + 1, offset - c.starts[i] + 1
}

// LineText is a line without its end.
func (c *Config) LineText(number int) string {
	if number < 1 || number > len(c.starts) {
		return ""
	}
	line, _, _ := bytes.Cut(c.Text[c.starts[number-1]:], []byte("\n"))
	return strings.TrimSuffix(string(line), "\r")
}

func (c *Config) mistake(offset int, msg, want string) error {
	e := &SyntaxError{File: c.Name, Offset: offset, Msg: msg, Want: want}
	e.Line, e.Column = c.Position(offset)
	return e
}

// words splits the line between two bytes as parse_line of HAProxy does: quotes of two
// sorts, a backslash, and # for the rest of the line. Only between double quotes does a
// $ begin a variable.
func (c *Config) words(at, end int) ([]Word, error) {
	var all []Word
	var text []byte
	var quote byte
	open := -1 // where the word or the quote began
	word := -1
	variable := false
	flush := func(to int) {
		if word >= 0 {
			all = append(all, Word{string(text), word, to, variable})
		}
		text, word, variable = nil, -1, false
	}
	for i := at; i < end; i++ {
		b := c.Text[i]
		space := b == ' ' || b >= '\t' && b <= '\r'
		switch {
		case quote == 0 && b == '#':
			flush(i)
			return all, nil
		case quote == 0 && space:
			flush(i)
			continue
		}
		if word < 0 {
			word = i
		}
		switch {
		case quote != 0 && b == quote:
			quote = 0
		case quote == 0 && (b == '"' || b == '\''):
			quote, open = b, i
		case b == '\\' && quote != '\'':
			taken, n, err := c.escape(i, end, quote)
			if err != nil {
				return nil, err
			}
			text, i = append(text, taken...), i+n-1
		default:
			variable = variable || b == '$' && quote == '"'
			text = append(text, b)
		}
	}
	if quote != 0 {
		return nil, c.mistake(open, "a quote is not closed on its line", string(quote))
	}
	flush(end)
	return all, nil
}

// escape is what a backslash stands for, and how many bytes it takes.
func (c *Config) escape(at, end int, quote byte) (string, int, error) {
	if at+1 >= end {
		return "", 0, c.mistake(at, "a backslash ends the line, and HAProxy continues none", "a character behind it")
	}
	b := c.Text[at+1]
	switch {
	case b == '\\' || b == '"' || quote == '"' && b == '$' || quote == 0 && bytes.IndexByte([]byte(" #'"), b) >= 0:
		return string(b), 2, nil
	case quote == 0 && b == 'n':
		return "\n", 2, nil
	case quote == 0 && b == 'r':
		return "\r", 2, nil
	case quote == 0 && b == 't':
		return "\t", 2, nil
	case quote == 0 && b == 'x':
		var v byte
		if at+3 >= end {
			return "", 0, c.mistake(at, `\x is cut off`, "two hexadecimal digits")
		}
		if _, err := fmt.Sscanf(string(c.Text[at+2:at+4]), "%02x", &v); err != nil {
			return "", 0, c.mistake(at, `\x without a number`, "two hexadecimal digits")
		}
		return string([]byte{v}), 4, nil
	}
	return `\`, 1, nil
}
