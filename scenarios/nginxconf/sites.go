package nginxconf

import (
	"slices"
	"strings"
)

// A Site is a place in the text where an address stands that connections go to
// or come from: in a server of a group, a pass, proxy_bind, or in what set, map,
// geo or split_clients give to a variable in one of these. A rewrite puts
// another address there, and touches nothing else.
type Site struct {
	Directive  *Directive // server, the pass, set, the entry of a map, …
	Word       int        // index of the word
	Start, End int        // byte offsets in the directive's file: host and port, without scheme and URI
	Text       string     // what stands there: "10.0.0.7:8080", "unix:/run/app.sock"
	Source     bool       // an address of the proxy's own, of proxy_bind
	Routes     []*Route   // that use it; nil: a value that no request seen here has
}

// Sites are the places of all addresses of the routes, in the order of the
// files. A word with a backslash in it is given as a whole.
func (c *Config) Sites(release Release) []Site {
	c.model.Lock()
	defer c.model.Unlock()
	routes := c.model.routes(release) // nginx looks up the addresses of those that no request reaches too
	f := &finder{m: c.model, at: map[siteKey]int{}}
	for _, r := range routes {
		f.route, f.source = r, false
		f.env = c.model.env(place{server: r.Server, block: r.block})
		if u := r.Upstream; u != nil && u.Directive != nil {
			for _, p := range u.Peers {
				f.add(p.Directive, p.Word, p.Directive.Arg(p.Word), p.Directive.Arg(p.Word))
			}
		}
		f.trace(r.Pass, 1, 0)
		if r.Bind.Directive != nil {
			f.source = true
			f.trace(r.Bind.Directive, 1, 0)
		}
	}
	order := map[*Tree]int{}
	for i, t := range c.Files {
		order[t] = i
	}
	slices.SortFunc(f.sites, func(a, b Site) int {
		if n := order[a.Directive.Tree] - order[b.Directive.Tree]; n != 0 {
			return n
		}
		return a.Start - b.Start
	})
	return f.sites
}

type siteKey struct {
	tree  *Tree
	start int
}

type finder struct {
	m      *model
	env    *env
	route  *Route
	source bool
	sites  []Site
	at     map[siteKey]int
}

// trace follows a word to where the address in it is written out.
func (f *finder) trace(d *Directive, word, depth int) {
	text := d.Arg(word)
	host, _ := cutURI(text)
	_, host, _ = cutScheme(host)
	if f.source {
		host, _ = strings.CutSuffix(host, ":$remote_port")
	}
	switch {
	case host == "" || host == "off" || depth > maxValues:
	case constant(host):
		if f.source || f.m.upstreams[f.route.Server.prefix()+strings.ToLower(host)] == nil {
			f.add(d, word, text, host)
		}
	case host[0] == '$':
		name, _ := variableAt(host[1:])
		f.variable(strings.ToLower(name), depth+1)
	}
}

// variable traces each of the values that a variable is given.
func (f *finder) variable(name string, depth int) {
	set := func(b *block) {
		for _, d := range b.all("set") {
			if variableName(d.Arg(1)) == name && len(d.Words) > 2 {
				f.trace(d, 2, depth)
			}
		}
	}
	for _, b := range f.env.chain {
		set(b)
		for _, d := range b.all("if") {
			set(b.in(d))
		}
	}
	if d := f.m.variables[f.route.Server.prefix()+name]; d != nil {
		for _, x := range d.entries {
			if len(x.Words) == 2 && x.Name() != "include" {
				f.trace(x, 1, depth)
			}
		}
	}
}

// add notes a place once, and the route with it.
func (f *finder) add(d *Directive, word int, text, host string) {
	w := d.Words[word]
	start, end := w.Start, w.End
	if w.Quoted {
		start, end = start+1, end-1
	}
	if end-start == len(text) { // nothing was escaped
		start += strings.Index(text, host)
		end = start + len(host)
	} else {
		start, end = w.Start, w.End
	}
	key := siteKey{d.Tree, start}
	i, seen := f.at[key]
	if !seen {
		i = len(f.sites)
		f.at[key] = i
		f.sites = append(f.sites, Site{Directive: d, Word: word, Start: start, End: end, Text: host, Source: f.source})
	}
	r := f.route
	if !f.source && r.Variables != nil && r.Unknown == "" && r.Upstream.Directive == nil &&
		!strings.Contains(r.Target, host) {
		return // the value of another of the pass's targets
	}
	if !f.source && r.Variables != nil && r.Upstream != nil && r.Upstream.Directive != nil && d.Name() != "server" {
		return
	}
	if rs := f.sites[i].Routes; len(rs) == 0 || rs[len(rs)-1] != r {
		f.sites[i].Routes = append(rs, r)
	}
}
