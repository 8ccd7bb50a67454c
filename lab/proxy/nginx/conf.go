package nginx

import (
	"fmt"
	"strings"
)

// A directive of an nginx configuration, with its place in the text so that a
// rewrite touches nothing else.
type directive struct {
	words      []word // the name, then the arguments
	block      []*directive
	open       int // offset just after the block's brace; 0: there is no block
	start, end int // from the name to the semicolon or closing brace, both included
}

type word struct {
	text       string // without quotes
	start, end int
}

func (d *directive) name() string { return d.words[0].text }

// arg is an argument, or "" when there are fewer.
func (d *directive) arg(i int) string {
	if i < len(d.words) {
		return d.words[i].text
	}
	return ""
}

// sets says whether a directive's first two arguments are these, in any case of
// letters.
func (d *directive) sets(name, value string) bool {
	return strings.EqualFold(d.arg(1), name) && strings.EqualFold(d.arg(2), value)
}

// contains says whether a directive of that name is anywhere in the block.
func (d *directive) contains(name string) bool {
	for _, c := range d.block {
		if c.name() == name || c.contains(name) {
			return true
		}
	}
	return false
}

// syntaxError is a mistake at an offset.
type syntaxError struct {
	offset int
	msg    string
}

func (e *syntaxError) Error() string { return e.msg }

// maxBlocks bounds how deep blocks nest; nginx's own grammar needs about six.
const maxBlocks = 32

// parse reads a configuration by nginx's lexical rules (ngx_conf_read_token):
// a token ends at white space, ';' or '{', quotes count only at its start, and
// "${" belongs to a variable.
func parse(text string) ([]*directive, error) {
	p := &parser{text: text}
	ds, err := p.block(0)
	if err != nil {
		return nil, err
	}
	return ds, nil
}

type parser struct {
	text string
	i    int
}

// block reads directives up to the closing brace, or at depth 0 to the end.
func (p *parser) block(depth int) ([]*directive, error) {
	if depth > maxBlocks {
		return nil, &syntaxError{p.i, "blocks nested too deeply"}
	}
	var ds []*directive
	for {
		p.space()
		switch {
		case p.i == len(p.text) && depth == 0:
			return ds, nil
		case p.i == len(p.text):
			return nil, &syntaxError{p.i, `the file ends inside a block, want "}"`}
		case p.text[p.i] == '}' && depth > 0:
			p.i++
			return ds, nil
		case p.text[p.i] == '}':
			return nil, &syntaxError{p.i, `unexpected "}"`}
		}
		d, err := p.directive(depth)
		if err != nil {
			return nil, err
		}
		ds = append(ds, d)
	}
}

func (p *parser) directive(depth int) (*directive, error) {
	d := &directive{start: p.i}
	for {
		p.space()
		if p.i == len(p.text) {
			return nil, &syntaxError{d.start, `the directive does not end, want ";" or "{"`}
		}
		switch c := p.text[p.i]; {
		case (c == ';' || c == '{') && len(d.words) == 0, c == '}':
			return nil, &syntaxError{p.i, fmt.Sprintf("unexpected %q", string(c))}
		case c == ';':
			p.i++
			d.end = p.i
			return d, nil
		case c == '{':
			p.i++
			d.open = p.i
			var err error
			if strings.HasSuffix(d.name(), "_by_lua_block") {
				err = p.lua(d.start)
			} else {
				d.block, err = p.block(depth + 1)
			}
			d.end = p.i
			return d, err
		}
		w, err := p.word()
		if err != nil {
			return nil, err
		}
		d.words = append(d.words, w)
	}
}

// space skips white space and comments.
func (p *parser) space() {
	for p.i < len(p.text) {
		switch p.text[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		case '#':
			if n := strings.IndexByte(p.text[p.i:], '\n'); n >= 0 {
				p.i += n
			} else {
				p.i = len(p.text)
			}
		default:
			return
		}
	}
}

func (p *parser) word() (word, error) {
	start := p.i
	var b strings.Builder
	quote := p.text[p.i]
	if quote == '"' || quote == '\'' {
		for p.i++; p.i < len(p.text); p.i++ {
			switch c := p.text[p.i]; {
			case c == '\\' && p.i+1 < len(p.text):
				p.i++
				b.WriteByte(p.text[p.i])
			case c == quote:
				p.i++
				return word{b.String(), start, p.i}, nil
			default:
				b.WriteByte(c)
			}
		}
		return word{}, &syntaxError{start, "the quote does not end"}
	}
	for ; p.i < len(p.text); p.i++ {
		c := p.text[p.i]
		variable := c == '{' && p.i > start && p.text[p.i-1] == '$'
		if strings.IndexByte(" \t\r\n;", c) >= 0 || c == '{' && !variable {
			break
		}
		if c == '\\' && p.i+1 < len(p.text) { // kept: in a regular expression it means something
			b.WriteByte(c)
			p.i++
			c = p.text[p.i]
		}
		b.WriteByte(c)
	}
	return word{b.String(), start, p.i}, nil
}

// lua skips a block of Lua, which is not nginx's syntax: braces are counted
// outside strings and comments.
func (p *parser) lua(start int) error {
	for depth := 1; p.i < len(p.text); p.i++ {
		switch c := p.text[p.i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				p.i++
				return nil
			}
		case '"', '\'':
			for p.i++; p.i < len(p.text) && p.text[p.i] != c && p.text[p.i] != '\n'; p.i++ {
				if p.text[p.i] == '\\' {
					p.i++
				}
			}
		case '-':
			if strings.HasPrefix(p.text[p.i:], "--") {
				for p.i+1 < len(p.text) && p.text[p.i+1] != '\n' {
					p.i++
				}
			}
		}
	}
	p.i = len(p.text)
	return &syntaxError{start, `the file ends inside a block of Lua, want "}"`}
}
