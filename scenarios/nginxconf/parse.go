package nginxconf

import (
	"errors"
	"fmt"
	"strings"
)

// maxBlocks bounds how deep blocks nest; nginx's own grammar needs about six.
const maxBlocks = 64

// Parse reads one file, without what it includes. It takes every directive's
// name: nginx knows which exist, and its modules add to them. The error is a
// *SyntaxError.
func Parse(name string, text []byte) (*Tree, error) {
	t := &Tree{Name: name, Text: string(text)}
	t.lines = append(make([]int, 0, 1+strings.Count(t.Text, "\n")), 0)
	for i := 0; ; {
		n := strings.IndexByte(t.Text[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		t.lines = append(t.lines, i)
	}
	p := &parser{tree: t, text: t.Text, line: 1}
	if strings.HasPrefix(t.Text, byteOrderMark) {
		t.ByteOrderMark = true
		p.i = len(byteOrderMark)
	}
	root, err := p.block(nil, 0)
	if s := (*SyntaxError)(nil); errors.As(err, &s) {
		s.Hint = hintAt(t, s.Offset)
	}
	if err != nil {
		return nil, err
	}
	t.Root = root
	return t, nil
}

const byteOrderMark = "\xef\xbb\xbf"

// dataBlocks hold entries rather than directives.
var dataBlocks = map[string]bool{
	"map": true, "geo": true, "types": true, "split_clients": true, "charset_map": true,
	"match": true, "geoip2": true, "otel_exporter": true, "num_map": true,
}

type parser struct {
	tree *Tree
	text string
	i    int
	line int // of i
}

func (p *parser) fail(offset int, msg, want string) error {
	line, column := p.tree.Position(offset)
	return &SyntaxError{File: p.tree.Name, Line: line, Column: column, Offset: offset, Msg: msg, Want: want}
}

// block reads directives up to the closing brace, or at depth 0 to the end.
func (p *parser) block(of *Directive, depth int) ([]*Directive, error) {
	if depth > maxBlocks {
		return nil, p.fail(p.i, "blocks are nested too deeply", fmt.Sprintf("at most %d levels", maxBlocks))
	}
	var ds []*Directive
	for {
		p.space()
		switch {
		case p.i == len(p.text) && depth == 0:
			return ds, nil
		case p.i == len(p.text):
			return nil, p.fail(p.i, fmt.Sprintf("the file ends inside %s of line %d", of.Name(), of.Line), `"}"`)
		case p.text[p.i] == '}' && depth > 0:
			of.Close = p.i
			p.i++
			return ds, nil
		case p.text[p.i] == '}':
			return nil, p.fail(p.i, `unexpected "}"`, "a directive: there is no open block here")
		}
		d, err := p.directive(depth)
		if err != nil {
			return nil, err
		}
		ds = append(ds, d)
	}
}

func (p *parser) directive(depth int) (*Directive, error) {
	d := &Directive{Tree: p.tree, Start: p.i, Line: p.line}
	var words [8]Word // most directives have fewer
	list := words[:0]
	for {
		p.space()
		if p.i == len(p.text) {
			return nil, p.fail(d.Start, "the directive does not end", `";" or "{"`)
		}
		switch c := p.text[p.i]; {
		case (c == ';' || c == '{') && len(list) == 0:
			return nil, p.fail(p.i, fmt.Sprintf("unexpected %q", c), "a directive")
		case c == '}' && len(list) > 0:
			return nil, p.fail(p.i, `unexpected "}"`, fmt.Sprintf(`";" after %s of line %d`, list[0].Text, d.Line))
		case c == ';':
			p.i++
			d.Words, d.End = append([]Word(nil), list...), p.i
			return d, nil
		case c == '{':
			p.i++
			d.Words, d.Open, d.Kind = append([]Word(nil), list...), p.i, Directives
			return d, p.body(d, depth)
		}
		w, err := p.word()
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
}

// body reads what is between a directive's braces.
func (p *parser) body(d *Directive, depth int) (err error) {
	switch {
	case strings.HasSuffix(d.Name(), "_by_lua_block"):
		d.Kind = Lua
		err = p.lua(d)
	case dataBlocks[d.Name()]:
		d.Kind = Data
		d.Block, err = p.block(d, depth+1)
	default:
		d.Block, err = p.block(d, depth+1)
	}
	d.End = p.i
	return err
}

// space skips white space and comments. A "#" begins a comment only where a
// word may begin.
func (p *parser) space() {
	for p.i < len(p.text) {
		switch p.text[p.i] {
		case '\n':
			p.line++
			p.i++
		case ' ', '\t', '\r':
			p.i++
		case '#':
			n := strings.IndexByte(p.text[p.i:], '\n')
			if n < 0 {
				n = len(p.text) - p.i
			}
			if n >= longestWord {
				p.tree.longComments = append(p.tree.longComments, p.i)
			}
			p.i += n
		default:
			return
		}
	}
}

// word reads by the rules of ngx_conf_read_token: a quote counts only at the
// start of a word and must be followed by space, ";", "{" or ")"; a backslash
// keeps the next character from ending the word; "${" belongs to a variable.
func (p *parser) word() (Word, error) {
	start := p.i
	if q := p.text[p.i]; q == '"' || q == '\'' {
		return p.quoted(q)
	}
	escaped, variable := false, false
	for ; p.i < len(p.text); p.i++ {
		c := p.text[p.i]
		switch c {
		case ' ', '\t', '\r', '\n', ';':
			return p.bare(start, escaped), nil
		case '{':
			if variable {
				continue
			}
			return p.bare(start, escaped), nil
		case '\\':
			escaped = true
			if p.i++; p.i < len(p.text) && p.text[p.i] == '\n' {
				p.line++
			}
		}
		variable = c == '$'
	}
	p.i = min(p.i, len(p.text))
	return p.bare(start, escaped), nil
}

func (p *parser) bare(start int, escaped bool) Word {
	w := Word{Text: p.text[start:p.i], Start: start, End: p.i}
	if escaped {
		w.Text = unescape(w.Text)
	}
	return w
}

func (p *parser) quoted(quote byte) (Word, error) {
	start := p.i
	escaped := false
	for p.i++; p.i < len(p.text); p.i++ {
		switch p.text[p.i] {
		case '\n':
			p.line++
		case '\\':
			escaped = true
			if p.i++; p.i < len(p.text) && p.text[p.i] == '\n' {
				p.line++
			}
		case quote:
			p.i++
			w := Word{Text: p.text[start+1 : p.i-1], Start: start, End: p.i, Quoted: true}
			if escaped {
				w.Text = unescape(w.Text)
			}
			if p.i < len(p.text) && !strings.ContainsRune(" \t\r\n;{)", rune(p.text[p.i])) {
				return w, p.fail(p.i, fmt.Sprintf("unexpected %q behind a quoted word", p.text[p.i]),
					`white space, ";" or "{"`)
			}
			return w, nil
		}
	}
	return Word{}, p.fail(start, "the quote does not end", fmt.Sprintf("a second %c", quote))
}

// unescape takes the backslashes out that nginx takes out: before quotes and
// itself, and those of \t, \r and \n. Any other stays, as in a regular
// expression.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '"', '\'', '\\':
				i++
			case 't', 'r', 'n':
				b.WriteByte(map[byte]byte{'t': '\t', 'r': '\r', 'n': '\n'}[s[i+1]])
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
