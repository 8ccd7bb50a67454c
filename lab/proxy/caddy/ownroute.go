package caddy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios"
)

// taken is where a request goes.
type taken struct {
	pass    *node  // nil: Caddy answers by itself, or nobody
	ends    bool   // something answers
	unknown string // why it cannot be told
}

// choose is the site that gets the load, the one of that name, or else the first in which a
// request for the path is passed on, or else the first; and the route in it.
func (c *caddyfile) choose(v scenarios.Variant) (*site, taken) {
	for _, s := range c.sites {
		for _, k := range s.keys {
			name := strings.TrimSuffix(k.Value, ",")
			if _, rest, ok := strings.Cut(name, "://"); ok {
				name = rest
			}
			if name, _, _ = strings.Cut(name, ":"); v.Load.Host != "" && strings.EqualFold(name, v.Load.Host) {
				return s, route(s.body, v.Load.Path, false)
			}
		}
	}
	for _, s := range c.sites {
		if r := route(s.body, v.Load.Path, false); r.pass != nil {
			return s, r
		}
	}
	for _, s := range c.sites {
		if len(passing(s.body)) > 0 {
			return s, route(s.body, v.Load.Path, false)
		}
	}
	return c.sites[0], taken{}
}

// order is that of the directives which decide where a request goes.
// https://caddyserver.com/docs/caddyfile/directives#directive-order
var order = [][]string{
	{"redir"}, {"rewrite", "uri", "try_files"}, {"forward_auth"}, {"invoke"}, {"handle", "handle_path"},
	{"route"}, {"abort", "error"}, {"respond"}, {"reverse_proxy"}, {"php_fastcgi"}, {"file_server"},
}

// route follows a request for a path. Directives have an order of their own, but in a route
// block; of several the one with the longest path comes first.
func route(block []*node, path string, asWritten bool) (r taken) {
	groups := order
	if asWritten {
		groups = [][]string{slices.Concat(order...)}
	}
	for _, group := range groups {
		var all []*node
		for _, n := range block {
			if slices.Contains(group, n.Name()) {
				all = append(all, n)
			}
		}
		if !asWritten {
			slices.SortStableFunc(all, func(a, b *node) int { return length(b) - length(a) })
		}
		for _, n := range all {
			matches, sure := match(block, n, path)
			if !sure && r.unknown == "" {
				r.unknown = fmt.Sprintf("%v: %s is not for every request", n.Span, n.Name())
			}
			if !matches || !sure {
				continue
			}
			if next := follow(n, path); next.unknown != "" && r.unknown == "" {
				r.unknown = next.unknown
			} else if next.ends || next.pass != nil {
				r.pass, r.ends = next.pass, true
				return r
			}
			if n.Name() == "handle" || n.Name() == "handle_path" {
				r.ends = true // no other of them is looked at
				break
			}
		}
	}
	return r
}

// follow is what a directive does with a request that it is for.
func follow(n *node, path string) taken {
	switch n.Name() {
	case "reverse_proxy":
		return taken{pass: n, ends: true}
	case "handle", "route":
		return route(n.block, path, n.Name() == "route")
	case "handle_path":
		prefix := strings.TrimSuffix(n.Arg(1), "*")
		rest := strings.TrimPrefix(path, strings.TrimSuffix(prefix, "/"))
		return route(n.block, "/"+strings.TrimPrefix(rest, "/"), false)
	case "rewrite", "uri", "try_files", "forward_auth", "invoke":
		return taken{unknown: fmt.Sprintf("%v: %s decides for each request", n.Span, n.Name())}
	}
	return taken{ends: true}
}

// length is that of the path which a directive is for; one without is the last.
func length(n *node) int {
	if strings.HasPrefix(n.Arg(1), "/") {
		return 2 * len(n.Arg(1))
	}
	if matcher(n.Arg(1)) && n.Arg(1) != "*" {
		return 1
	}
	return 0
}

// matcher says whether a word is one. https://caddyserver.com/docs/caddyfile/matchers#syntax
func matcher(word string) bool {
	return word == "*" || strings.HasPrefix(word, "/") || strings.HasPrefix(word, "@")
}

// match says whether a directive is for a path; false where it cannot be told.
func match(block []*node, n *node, path string) (matches, sure bool) {
	word := n.Arg(1)
	switch {
	case (n.Name() == "redir" || n.Name() == "rewrite") && len(n.Words) == 2: // a target, and no matcher
		return true, true
	case !matcher(word), word == "*":
		return true, true
	case strings.HasPrefix(word, "/"):
		return matchPath(word, path)
	}
	for _, d := range block {
		if d.Name() != word {
			continue
		}
		var patterns []string
		for _, w := range d.Words[1:] {
			patterns = append(patterns, w.Value)
		}
		if len(patterns) == 0 && len(d.block) == 1 {
			for _, w := range d.block[0].Words {
				patterns = append(patterns, w.Value)
			}
		}
		if len(patterns) < 2 || patterns[0] != "path" {
			return true, false
		}
		for _, p := range patterns[1:] {
			m, ok := matchPath(p, path)
			if !ok {
				return true, false
			}
			if m {
				return true, true
			}
		}
		return false, true
	}
	return true, false
}

// matchPath is Caddy's: exact, but for a star at either end, and in any case of letters.
func matchPath(pattern, path string) (matches, sure bool) {
	pattern, path = strings.ToLower(pattern), strings.ToLower(path)
	rest, open := strings.CutSuffix(pattern, "*")
	rest, start := strings.CutPrefix(rest, "*")
	switch {
	case strings.ContainsAny(rest, "*?[{"):
		return true, false
	case open && start:
		return strings.Contains(path, rest), true
	case open:
		return strings.HasPrefix(path, rest), true
	case start:
		return strings.HasSuffix(path, rest), true
	}
	return path == pattern, true
}
