package lint

import (
	"strings"
	"unicode/utf8"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// span is what a finding is about: a part of a line. Start and end are bytes
// from 0. Both are 0 where only the line is known.
type span struct {
	text       string
	start, end int
}

// spanOf finds what a finding is about: its word, or its directive as far as it
// stands on the line, without its block.
func (r *Report) spanOf(f nginxconf.Finding) span {
	t := r.tree(f.File)
	if t == nil || f.Line < 1 {
		return span{}
	}
	s := span{text: t.LineText(f.Line)}
	if f.Column < 1 || f.Column > len(s.text)+1 {
		return s
	}
	s.start = f.Column - 1
	s.end = s.start + 1
	d := f.Directive
	if d == nil || d.Tree != t {
		return s
	}
	begin, end := d.Start, d.End
	switch {
	case f.Word > 0 && f.Word < len(d.Words):
		begin, end = d.Words[f.Word].Start, d.Words[f.Word].End
	case d.HasBlock():
		end = d.Words[len(d.Words)-1].End
	}
	if line, column := t.Position(begin); line == f.Line && column == f.Column {
		s.end = min(s.start+end-begin, max(len(s.text), s.start+1))
	}
	return s
}

// tree is the file of that name; nil where it was not read.
func (r *Report) tree(name string) *nginxconf.Tree {
	if r.config == nil {
		return nil
	}
	for _, t := range r.config.Files {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// columns are start and end in characters from 1, the end behind the last one;
// 0 where only the line is known.
func (s span) columns() (start, end int) {
	if s.end == 0 {
		return 0, 0
	}
	start = utf8.RuneCountInString(s.text[:s.start]) + 1
	return start, start + max(1, utf8.RuneCountInString(s.text[s.start:min(s.end, len(s.text))]))
}

// widest is how much of a line is quoted: some configurations are one line.
const widest = 160

// quoted is the line and a line below it that marks the span, as compilers do.
func (s span) quoted() (line, mark string) {
	text, start, end := s.text, s.start, min(s.end, len(s.text))
	if len(text) > widest {
		text, start, end = cut(text, start, end)
	}
	if s.end == 0 {
		return clean(text), ""
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
	return clean(text), blank + "^" + strings.Repeat("~", max(0, n-1))
}

// cut takes the part of a long line that has the span.
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
