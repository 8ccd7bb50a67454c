package caddy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// caddyfile is a Caddyfile of the user's own, with what it imports.
type caddyfile struct {
	*ownfile.Files
	global   *node
	snippets map[string]*node
	sites    []*site
	imports  int // how many have been followed
}

// A node is a directive, an option or a site: words, and a block where it has one.
type node struct {
	ownfile.Line // without the brace
	block        []*node
	has          bool         // a block
	whole        ownfile.Span // with the block
}

// A site has addresses and directives.
type site struct {
	keys []ownfile.Word
	body []*node
}

// language is Caddy's. https://caddyserver.com/docs/caddyfile/concepts#tokens-and-quotes
var language = ownfile.Language{Quotes: "\"`", Raw: "`", Across: true, Inline: true}

// The most that is followed: blocks and imports in each other, and imports in all.
const (
	deepest     = 64
	mostImports = 4096
)

// readOwn reads the files.
func readOwn(v scenarios.Variant, at proxy.Site) (*caddyfile, error) {
	c := &caddyfile{Files: ownfile.New(v, at, "/etc/caddy"), snippets: map[string]*node{}}
	nodes, err := parse(c.Main)
	if err != nil {
		return nil, err
	}
	if len(nodes) > 0 && len(nodes[0].Words) == 0 {
		c.global, nodes = nodes[0], nodes[1:]
	}
	return c, c.top(nodes, 0)
}

// top takes in what stands at the top of a file: snippets, sites, imports of files. A file
// whose first site has no braces is that site.
func (c *caddyfile) top(nodes []*node, deep int) error {
	var keys []ownfile.Word
	for i, n := range nodes {
		if len(n.Words) == 0 {
			return n.whole.Mistake("a block without a name: the one with the global options was expected to come first",
				"put it at the beginning, or give it an address")
		}
		name := n.Name()
		switch {
		case strings.HasPrefix(name, "(") && n.has:
			c.snippets[strings.Trim(name, "()")] = n
		case name == "import" && !n.has && len(keys) == 0:
			more, err := c.imported(n, deep)
			if err != nil {
				return err
			}
			if err := c.top(more, deep+1); err != nil {
				return err
			}
		case strings.HasPrefix(name, "&("):
			return n.Mistake("named routes are not read", "write what is in it where it is invoked")
		default:
			keys = append(keys, n.Words...)
			if !n.has && strings.HasSuffix(n.Words[len(n.Words)-1].Value, ",") {
				continue
			}
			if !n.has {
				c.sites = append(c.sites, &site{keys, nodes[i+1:]})
				return nil
			}
			c.sites, keys = append(c.sites, &site{keys, n.block}), nil
		}
	}
	if len(keys) > 0 {
		return keys[len(keys)-1].Mistake("another address was expected behind the comma", "and a block in braces")
	}
	return nil
}

// imported is what an import stands for: a snippet, or files. An import of the file that it
// is in, or of what is not known, is a mistake.
func (c *caddyfile) imported(n *node, deep int) (all []*node, err error) {
	if c.imports++; deep > deepest || c.imports > mostImports {
		return nil, n.Mistake("there are too many imports, or they lie too deep in each other",
			"a snippet may not import itself")
	}
	if s, ok := c.snippets[n.Arg(1)]; ok {
		return s.block, nil
	}
	if len(n.Words) < 2 {
		return nil, n.Mistake("the name of a snippet or a file was expected", "such as import sites/*")
	}
	files, to, why, err := c.Include(n.Span, n.Arg(1))
	if err != nil {
		return nil, err
	}
	if why != "" {
		return nil, n.Words[1].Mistake(fmt.Sprintf("what %s imports is not known: %s", n.Arg(1), why),
			"put it beside this file, or leave the line out")
	}
	n.Words[1].Become(to)
	for _, f := range files {
		nodes, err := parse(f)
		if err != nil {
			return nil, err
		}
		all = append(all, nodes...)
	}
	return all, nil
}

// parse makes a tree of a file. A brace at the end of a line begins a block, and one at its
// beginning ends it.
func parse(f *ownfile.File) ([]*node, error) {
	lines, err := f.Lines(language)
	if err != nil {
		return nil, err
	}
	root := &node{}
	open := []*node{root}
	for _, l := range lines {
		top := open[len(open)-1]
		if l.Words[0].Text() == "}" {
			if top == root {
				return nil, l.Mistake("this brace closes nothing", "each } was expected behind its {")
			}
			if len(l.Words) > 1 {
				return nil, l.Words[1].Mistake("a } was expected to stand alone in its line",
					"begin another line behind it")
			}
			top.whole.End = l.End
			open = open[:len(open)-1]
			continue
		}
		n := &node{Line: l, whole: l.Span}
		last := l.Words[len(l.Words)-1]
		if strings.HasPrefix(last.Text(), "<<") && len(last.Value) > 2 {
			return nil, last.Mistake("a heredoc is not read", "write it between quotes")
		}
		if n.has = last.Text() == "{"; n.has {
			n.Words = l.Words[:len(l.Words)-1]
			if len(n.Words) > 0 {
				n.Span.End = n.Words[len(n.Words)-1].End
			}
		}
		top.block = append(top.block, n)
		if n.has {
			if open = append(open, n); len(open) > deepest {
				return nil, l.Mistake("blocks lie too deep in each other", "")
			}
		}
	}
	if n := open[len(open)-1]; n != root {
		return nil, n.whole.Mistake("what begins here has no end", "a line with } was expected")
	}
	return root.block, nil
}

// flat are the directives of a block, with those that it imports.
func (c *caddyfile) flat(block []*node, deep int) (all []*node, err error) {
	for _, n := range block {
		if len(n.Words) == 0 {
			return nil, n.whole.Mistake("a directive was expected in front of the brace", "such as handle {")
		}
		if n.Name() != "import" {
			all = append(all, n)
			continue
		}
		more, err := c.imported(n, deep)
		if err != nil {
			return nil, err
		}
		if more, err = c.flat(more, deep+1); err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// expand puts what is imported in place of the imports, everywhere.
func (c *caddyfile) expand(block []*node, deep int) ([]*node, error) {
	all, err := c.flat(block, deep)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	for i, n := range all {
		if n.has {
			copied := *n
			if copied.block, err = c.expand(n.block, deep+1); err != nil {
				return nil, err
			}
			all[i] = &copied
		}
	}
	return all, nil
}
