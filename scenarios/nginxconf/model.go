package nginxconf

import (
	"strings"
	"sync"
)

// A model is a configuration with its contexts resolved.
type model struct {
	sync.Mutex // contexts and what variables may be are worked out when first asked

	config    *Config
	main      *block // nil for a fragment
	http      *block // nil: there is none
	stream    *block
	servers   []*Server  // of http{}, in order
	addresses []*address // of http{}
	streams   []*Server
	upstreams map[string]*Upstream // by lower-case name; stream's have a prefix
	implicit  map[string]bool      // hosts that a pass without variables names, by lower-case host and port
	ordered   []*Upstream

	variables map[string]*definition // by name; stream's have a prefix
	setNames  map[string]bool        // variables that some set directive sets
	elsewhere map[string]bool        // those that a module may set as well

	known map[string][]*Route // by release
}

// streamPrefix keeps the groups of stream{} apart from those of http{}.
const streamPrefix = "stream/"

func newModel(c *Config, main *Tree) *model {
	m := &model{
		config: c, upstreams: map[string]*Upstream{}, implicit: map[string]bool{},
		variables: map[string]*definition{}, setNames: map[string]bool{}, elsewhere: map[string]bool{},
		known: map[string][]*Route{},
	}
	whole := newBlock(nil, nil, main.Root)
	switch c.Fragment {
	case "http":
		m.http = whole
	case "stream":
		m.stream = whole
	case "server":
		m.http = &block{}
		whole.outer = m.http
	case "location":
		m.http = &block{}
	default:
		m.main = whole
		m.http, m.stream = m.context("http"), m.context("stream")
	}
	for _, t := range c.Files {
		m.collect(t.Root)
	}
	if m.http != nil {
		m.define(m.http, "")
		m.groups(m.http, "")
	}
	if m.stream != nil {
		m.define(m.stream, streamPrefix)
		m.groups(m.stream, streamPrefix)
	}
	switch {
	case c.Fragment == "server":
		m.servers = []*Server{newServer(around(main, main.Root, "server"), whole, false)}
	case c.Fragment == "location":
		location := []*Directive{around(main, main.Root, "location", "/")}
		d := around(main, location, "server")
		m.servers = []*Server{newServer(d, newBlock(d, m.http, location), false)}
	case m.http != nil:
		for _, d := range m.http.all("server") {
			if d.Kind == Directives {
				m.servers = append(m.servers, newServer(d, m.http.in(d), false))
			}
		}
	}
	m.addresses = newAddresses(m.servers)
	if m.stream != nil {
		for _, d := range m.stream.all("server") {
			if d.Kind == Directives {
				m.streams = append(m.streams, newServer(d, m.stream.in(d), true))
			}
		}
	}
	m.implicitHosts()
	return m
}

func (m *model) context(name string) *block {
	for _, d := range m.main.all(name) {
		if d.Kind == Directives {
			return m.main.in(d)
		}
	}
	return nil
}

// collect finds the variables that are set while a request is handled.
func (m *model) collect(ds []*Directive) {
	for _, d := range ds {
		switch name := d.Name(); {
		case d.Kind == Data:
			continue
		case d.Kind == Lua:
			m.luaVariables(d.Tree.Text[d.Open:d.Close])
		case name == "set":
			m.setNames[variableName(d.Arg(1))] = true
		case name == "auth_request_set", strings.HasPrefix(name, "set_") && len(d.Words) > 1,
			name == "js_set", name == "js_var", name == "perl_set", strings.HasPrefix(name, "set_by_lua"):
			v := variableName(d.Arg(1))
			m.setNames[v], m.elsewhere[v] = true, true
		}
		m.collect(d.Block)
	}
}

// luaVariables finds ngx.var.name = …: a block of Lua may set any variable.
func (m *model) luaVariables(code string) {
	for {
		_, rest, ok := strings.Cut(code, "ngx.var.")
		if !ok {
			return
		}
		name, after := variableAt(rest)
		after = strings.TrimLeft(after, " \t")
		if name != "" && strings.HasPrefix(after, "=") && !strings.HasPrefix(after, "==") {
			m.elsewhere[strings.ToLower(name)] = true
		}
		code = rest
	}
}

func (m *model) groups(b *block, prefix string) {
	for _, d := range b.all("upstream") {
		if d.Kind != Directives || len(d.Words) < 2 {
			continue
		}
		u := newUpstream(d, b.in(d))
		key := prefix + strings.ToLower(d.Arg(1))
		if m.upstreams[key] == nil {
			m.upstreams[key] = u
		}
		m.ordered = append(m.ordered, u)
	}
}
