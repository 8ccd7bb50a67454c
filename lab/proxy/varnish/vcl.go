package varnish

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// vcl is a VCL program of the user's own, with what it includes: its declarations, and the
// tokens of its subroutines.
type vcl struct {
	*ownfile.Files
	backends []*backend
	probes   []declaration
	acls     []declaration
	subs     map[string][]token
	flats    map[string][]token // of flat
}

// A token is a word, a string or a sign. depth is how many braces are around it in a
// subroutine: what has one is not conditional.
type token struct {
	ownfile.Span
	text   string // of a string what is in it
	quoted bool
	depth  int
}

// A declaration is backend, probe or acl NAME { … }. Its end is behind the brace.
type declaration struct {
	ownfile.Span
	name string
	body []token
}

// A backend has an address, unless it is declared as none.
type backend struct {
	declaration
	host, port *token
	probe      []ownfile.Span // .probe = …;
	header     bool           // .proxy_header
	none       bool
}

// readOwn reads the files.
func readOwn(v scenarios.Variant, at proxy.Site) (*vcl, error) {
	p := &vcl{
		Files: ownfile.New(v, at, "/etc/varnish", "/usr/local/etc/varnish"),
		subs:  map[string][]token{},
		flats: map[string][]token{},
	}
	return p, p.read(p.Main)
}

// read takes in the declarations of a file.
func (p *vcl) read(f *ownfile.File) error {
	all, err := lex(f)
	if err != nil {
		return err
	}
	for i := 0; i < len(all); {
		end, body, err := statement(all, i)
		if err != nil {
			return err
		}
		whole := ownfile.Span{File: f, Start: all[i].Start, End: all[end-1].End}
		name := token{}
		if i+1 < end {
			name = all[i+1]
		}
		d := declaration{whole, name.text, body}
		switch all[i].text {
		case "include":
			err = p.include(all[i:end])
		case "backend":
			err = p.backend(d)
		case "probe":
			p.probes = append(p.probes, d)
		case "acl":
			p.acls = append(p.acls, d)
		case "sub":
			p.subs[d.name] = append(p.subs[d.name], body...)
		case "vcl", "import":
		default:
			if all[i].text != ";" {
				err = all[i].Mistake(fmt.Sprintf("%q: vcl, import, include, backend, probe, acl or sub was expected",
					all[i].text),
					"check the file with varnishd -C -f")
			}
		}
		if err != nil {
			return err
		}
		i = end
	}
	return nil
}

// statement is where one that begins at a token ends, behind its semicolon or its closing
// brace, and what is between the braces.
func statement(all []token, from int) (end int, body []token, err error) {
	var open []int
	for i := from; i < len(all); i++ {
		all[i].depth = len(open)
		switch t := all[i]; {
		case t.quoted:
		case t.text == "{":
			open = append(open, i)
		case t.text == "}" && len(open) == 0:
			return 0, nil, t.Mistake("this brace closes nothing", "each } was expected behind its {")
		case t.text == "}":
			first := open[len(open)-1]
			if open = open[:len(open)-1]; len(open) == 0 {
				return i + 1, all[first+1 : i], nil
			}
		case t.text == ";" && len(open) == 0:
			return i + 1, nil, nil
		}
	}
	at := all[from]
	if len(open) > 0 {
		at = all[open[len(open)-1]]
	}
	return 0, nil, at.Mistake("what begins here has no end", "; or } was expected")
}

func (p *vcl) include(words []token) error {
	name := words[len(words)-1]
	for _, w := range words {
		if w.quoted {
			name = w
		}
	}
	if !name.quoted {
		return name.Mistake("include has no file name", `include "FILE"; was expected`)
	}
	files, to, why, err := p.Include(name.Span, name.text)
	if err != nil {
		return err
	}
	if why != "" {
		return name.Mistake(fmt.Sprintf("what %s includes is not known: %s", name.Text(), why),
			"put the file beside this one")
	}
	name.Become(`"` + to + `"`)
	for _, f := range files {
		if err := p.read(f); err != nil {
			return err
		}
	}
	return nil
}

// backend takes in a declaration of one.
func (p *vcl) backend(d declaration) error {
	b := &backend{declaration: d}
	p.backends = append(p.backends, b)
	for i := 0; i < len(d.body); i++ {
		t := d.body[i]
		if t.depth > 1 || t.text != "." || i+3 >= len(d.body) {
			continue
		}
		value := d.body[i+3]
		switch d.body[i+1].text {
		case "host", "port":
			if !value.quoted {
				return value.Mistake(fmt.Sprintf(".%s was expected to be a string", d.body[i+1].text),
					`such as .host = "10.0.0.1";`)
			}
			if v := value; d.body[i+1].text == "host" {
				b.host = &v
			} else {
				b.port = &v
			}
		case "path":
			return value.Mistake("a backend at a Unix-domain socket takes no port, and error 99 cannot come from it",
				`name an address: .host = "10.0.0.1";`)
		case "proxy_header":
			b.header = value.text != "0"
		case "probe":
			end := i + 3
			if value.text == "{" {
				for end < len(d.body)-1 && !(d.body[end].text == "}" && d.body[end].depth == value.depth+1) {
					end++
				}
			}
			if end+1 < len(d.body) && d.body[end+1].text == ";" {
				end++
			}
			b.probe = append(b.probe, ownfile.Span{File: t.File, Start: t.Start, End: d.body[end].End})
		}
	}
	if b.none = d.body == nil; !b.none && b.host == nil {
		return d.Mistake(fmt.Sprintf("backend %s has no .host", d.name), `.host = "ADDRESS"; was expected`)
	}
	return nil
}

// lex splits a file into tokens. https://varnish-cache.org/docs/7.6/reference/vcl.html#lexical-structure
func lex(f *ownfile.File) (all []token, err error) {
	text := string(f.Text)
	skip := func(i int, from, to string) (int, error) {
		end := strings.Index(text[i+len(from):], to)
		if end < 0 {
			return 0, f.Mistake(i, fmt.Sprintf("%s has no end", from), to+" was expected")
		}
		return i + len(from) + end + len(to), nil
	}
	for i := 0; i < len(text); {
		rest, end := text[i:], i+1
		quoted, inner := false, [2]int{}
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			i++
			continue
		case c == '#', strings.HasPrefix(rest, "//"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				i += n
			} else {
				i = len(text)
			}
			continue
		case strings.HasPrefix(rest, "/*"):
			if i, err = skip(i, "/*", "*/"); err != nil {
				return nil, err
			}
			continue
		case strings.HasPrefix(rest, "C{"):
			return nil, f.Mistake(i, "C in a VCL program is not run: no C{ was expected",
				"take it out, or use a module")
		case strings.HasPrefix(rest, `"""`):
			end, err = skip(i, `"""`, `"""`)
			quoted, inner = true, [2]int{3, 3}
		case strings.HasPrefix(rest, `{"`):
			end, err = skip(i, `{"`, `"}`)
			quoted, inner = true, [2]int{2, 2}
		case c == '"':
			end, err = skip(i, `"`, `"`)
			quoted, inner = true, [2]int{1, 1}
		case word(c):
			for end < len(text) && (word(text[end]) || text[end] == '-' && letter(c)) {
				end++
			}
		}
		if err != nil {
			return nil, err
		}
		t := token{
			Span:   ownfile.Span{File: f, Start: i, End: end},
			text:   text[i+inner[0] : end-inner[1]],
			quoted: quoted,
		}
		if quoted && inner[0] == 1 && strings.Contains(t.text, "\n") {
			return nil, f.Mistake(i, "a string ends with its line", `use {"…"} for a longer one`)
		}
		all = append(all, t)
		i = end
	}
	return all, nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func word(c byte) bool { return letter(c) || c == '_' || c >= '0' && c <= '9' }
