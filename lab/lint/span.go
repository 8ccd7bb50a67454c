package lint

import (
	"unicode/utf8"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// span is what a finding is about: a part of a line. Start and end are bytes
// from 0. Both are 0 where only the line is known.
type span struct {
	text       string
	start, end int
}

// span is what a finding is about, as far as it stands on the line.
func (r *Report) span(f Finding) span {
	var s span
	switch t := r.tree(f.File); {
	case f.Line < 1:
		return s
	case r.haproxy != nil:
		s.text = r.haproxy.LineText(f.Line)
	case t != nil:
		s.text = t.LineText(f.Line)
	default:
		return s
	}
	if f.Column < 1 || f.Column > len(s.text)+1 {
		return s
	}
	s.start = f.Column - 1
	s.end = min(s.start+max(f.Width, 1), max(len(s.text), s.start+1))
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

// quoted is the line and a line below it that marks the span, as compilers do.
func (s span) quoted() (line, mark string) {
	if s.end == 0 {
		line, _ = format.Quote(s.text, 0, 0)
		return line, ""
	}
	return format.Quote(s.text, s.start, s.end)
}
