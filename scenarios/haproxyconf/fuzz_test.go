package haproxyconf

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse: whatever a file says, words stand where they are said to, a word by itself
// reads as it did in its line, and what is found is found somewhere.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.cfg")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		Recognise(text)
		c, err := Parse("f", text)
		if err != nil {
			s := err.(*SyntaxError)
			if line, column := c.at(s, text); line != s.Line || column != s.Column {
				t.Errorf("%v is at %d:%d", s, line, column)
			}
			return
		}
		for _, s := range c.Sections {
			at := s.Head.Words[0].Start
			for _, l := range append([]*Line{s.Head}, s.Lines...) {
				for _, w := range l.Words {
					if w.Start < at || w.End <= w.Start || w.End > len(text) {
						t.Fatalf("a word from %d to %d behind %d of %d", w.Start, w.End, at, len(text))
					}
					at = w.End
					if line, _ := c.Position(w.Start); line != l.Number {
						t.Fatalf("byte %d is in line %d, not %d", w.Start, line, l.Number)
					}
					end := w.End
					if text[end-1] == '\\' && end < len(text) {
						end++ // a backslash before a blank of another kind is itself; at the end it is a mistake
					}
					one := &Config{Name: "f", Text: text[w.Start:end], starts: []int{0}}
					alone, err := one.words(0, len(one.Text))
					if err != nil || len(alone) != 1 || alone[0].Text != w.Text {
						t.Fatalf("%q alone is %+v, %v", one.Text, alone, err)
					}
				}
			}
		}
		for _, b := range c.Backends() {
			sum := 0.0
			for _, l := range b.Lanes() {
				sum += l.Share
			}
			if sum > 1.000001 || b.Conduct().Tries < 1 {
				t.Errorf("%s: %v, %+v", b.Name, sum, b.Conduct())
			}
		}
		for _, x := range c.Findings() {
			if x.Line < 1 || x.Column < 1 || x.Text == "" || x.Column-1+x.Width > len(c.LineText(x.Line))+1 {
				t.Errorf("%+v in %q", x, c.LineText(x.Line))
			}
		}
	})
}

// at is where an error stands by its offset.
func (*Config) at(s *SyntaxError, text []byte) (line, column int) {
	c := &Config{starts: []int{0}}
	for i, b := range text {
		if b == '\n' && i+1 < len(text) {
			c.starts = append(c.starts, i+1)
		}
	}
	return c.Position(s.Offset)
}
