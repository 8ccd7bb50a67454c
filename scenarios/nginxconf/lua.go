package nginxconf

import (
	"fmt"
	"strings"
)

// lua skips the body of a *_by_lua_block, which is not nginx's syntax: braces
// count only outside Lua's strings, long brackets and comments.
func (p *parser) lua(d *Directive) error {
	for depth := 1; p.i < len(p.text); p.i++ {
		switch c := p.text[p.i]; c {
		case '\n':
			p.line++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				d.Close = p.i
				p.i++
				return nil
			}
		case '"', '\'':
			p.luaString(c)
		case '[':
			p.luaLong()
		case '-':
			if strings.HasPrefix(p.text[p.i:], "--") {
				p.i += 2
				if at := p.i; !p.luaLong() {
					p.i = at
					for p.i < len(p.text) && p.text[p.i] != '\n' {
						p.i++
					}
					p.i-- // the loop steps over the line's end, and counts it
				}
			}
		}
	}
	p.i = len(p.text)
	return p.fail(d.Start, fmt.Sprintf("the file ends inside %s", d.Name()), `"}"`)
}

// luaString leaves i at the closing quote, or before the line's end.
func (p *parser) luaString(quote byte) {
	for p.i++; p.i < len(p.text); p.i++ {
		switch p.text[p.i] {
		case quote:
			return
		case '\n':
			p.i--
			return
		case '\\':
			if p.i++; p.i < len(p.text) && p.text[p.i] == '\n' {
				p.line++
			}
		}
	}
}

// luaLong skips [[…]], [=[…]=] and so on, and leaves i at the last bracket. It
// says whether there was one.
func (p *parser) luaLong() bool {
	if p.i >= len(p.text) || p.text[p.i] != '[' {
		return false
	}
	level := p.i + 1
	for level < len(p.text) && p.text[level] == '=' {
		level++
	}
	if level == len(p.text) || p.text[level] != '[' {
		return false
	}
	end := "]" + p.text[p.i+1:level] + "]"
	n := strings.Index(p.text[level+1:], end)
	if n < 0 {
		p.i = len(p.text)
		return true
	}
	to := level + 1 + n + len(end) - 1
	p.line += strings.Count(p.text[p.i:to], "\n")
	p.i = to
	return true
}
