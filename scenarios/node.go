package scenarios

import (
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A node is a piece of YAML that remembers where it was written. Overlays are
// merged as nodes, before decoding, so that a wrong value is reported at its
// own line of the file, or at its --set.
type node struct {
	kind    kind
	text    string // of a scalar, unquoted
	quoted  bool   // a quoted scalar is a string, whatever it looks like
	entries []entry
	items   []*node
	at      position
}

type kind int

const (
	scalar kind = iota
	mapping
	sequence
	null
)

func (k kind) String() string {
	return [...]string{"a plain value", "a mapping", "a list", "empty"}[k]
}

// entry is one key of a mapping with its value.
type entry struct {
	key string
	at  position
	val *node
}

// position is a place in a source.
type position struct {
	src          *source
	line, column int
}

// source is a file, or one --set argument.
type source struct {
	name  string
	lines []string // none for --set
}

func newSource(name string, text []byte) *source {
	return &source{name: name, lines: strings.Split(string(text), "\n")}
}

// error makes a mistake at a position.
func (p position) error(msg, hint string) *Error {
	e := &Error{File: p.src.name, Msg: msg, Hint: hint}
	if p.src.lines != nil {
		e.Line, e.Column = max(p.line, 1), max(p.column, 1)
		if e.Line <= len(p.src.lines) {
			e.Source = strings.TrimRight(p.src.lines[e.Line-1], "\r")
		}
	}
	return e
}

// get is the value of a key, nil when a mapping has none.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key == key {
			return e.val
		}
	}
	return nil
}

// set says whether a value comes from --set.
func (n *node) set() bool { return n != nil && n.at.src.lines == nil }

// without is the mapping less some keys.
func (n *node) without(keys ...string) *node {
	c := *n
	c.entries = slices.DeleteFunc(slices.Clone(n.entries), func(e entry) bool { return slices.Contains(keys, e.key) })
	return &c
}

// only is the mapping with no more than some keys.
func (n *node) only(keys ...string) *node {
	c := *n
	c.entries = slices.DeleteFunc(slices.Clone(n.entries), func(e entry) bool { return !slices.Contains(keys, e.key) })
	return &c
}

// merge lays one node over another: mappings key by key, everything else whole.
// It changes neither.
func merge(base, over *node) *node {
	switch {
	case over == nil:
		return base
	case base == nil || base.kind != mapping || over.kind != mapping:
		return over
	}
	m := &node{kind: mapping, at: base.at, entries: slices.Clone(base.entries)}
	for _, o := range over.entries {
		i := slices.IndexFunc(m.entries, func(e entry) bool { return e.key == o.key })
		if i < 0 {
			m.entries = append(m.entries, o)
			continue
		}
		m.entries[i] = entry{o.key, o.at, merge(m.entries[i].val, o.val)}
	}
	return m
}

// flatten lists the values of a tree by their dotted paths, in order.
func (n *node) flatten(prefix string, each func(path, value string)) {
	if n.kind != mapping {
		each(prefix, n.text)
	}
	for _, e := range n.entries {
		e.val.flatten(join(prefix, e.key), each)
	}
}

// parseYAML reads one document of plain YAML. It refuses anchors, merge keys
// and tags: with them an overlay would not mean what it shows.
func parseYAML(src *source, text []byte) (*node, error) {
	start := position{src, 1, 1}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			p := y.GetToken().Position
			return nil, position{src, p.Line, p.Column}.error("not valid YAML: "+y.GetMessage(), "")
		}
		return nil, start.error("not valid YAML: "+err.Error(), "")
	}
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	switch len(docs) {
	case 0:
		return nil, start.error("the file is empty", "")
	case 1:
	default:
		second, err := convert(src, docs[1].Body, 0)
		if err != nil {
			return nil, err
		}
		return nil, second.at.error("a second YAML document: a scenario is one", "")
	}
	return convert(src, docs[0].Body, 0)
}

// maxDepth bounds nesting; a scenario needs five levels.
const maxDepth = 16

func convert(src *source, n ast.Node, depth int) (*node, error) {
	out := &node{at: at(src, n)}
	if depth > maxDepth {
		return nil, out.at.error("nested too deeply", "")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = mapping
		for _, v := range n.Values {
			if err := out.addEntry(src, v, depth); err != nil {
				return nil, err
			}
		}
		if len(out.entries) > 0 {
			out.at = out.entries[0].at // the node's own token is a colon or a brace
		}
	case *ast.MappingValueNode: // a mapping of one key
		out.kind = mapping
		if err := out.addEntry(src, n, depth); err != nil {
			return nil, err
		}
		out.at = out.entries[0].at
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			c, err := convert(src, v, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, c)
		}
	case *ast.NullNode:
		out.kind = null
	case *ast.StringNode:
		out.text = n.Value
		out.quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		out.text, out.quoted = n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.text = n.GetToken().Value
	default:
		return nil, out.at.error("anchors, aliases, merge keys and tags are not supported",
			"write the value out: what varies belongs into an overlay under `variants` or `sizes`")
	}
	return out, nil
}

func (n *node) addEntry(src *source, v *ast.MappingValueNode, depth int) error {
	key, err := convert(src, v.Key, depth+1)
	if err != nil {
		return err
	}
	if key.kind != scalar {
		return key.at.error("a key must be a plain word", "")
	}
	val, err := convert(src, v.Value, depth+1)
	if err != nil {
		return err
	}
	if val.kind == null { // an empty value has no place of its own
		val.at = key.at
	}
	n.entries = append(n.entries, entry{key.text, key.at, val})
	return nil
}

func at(src *source, n ast.Node) position {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return position{src, 1, 1}
	}
	p := n.GetToken().Position
	return position{src, p.Line, p.Column}
}
