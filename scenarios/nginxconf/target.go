package nginxconf

import (
	"regexp"
	"slices"
	"strings"
)

// env is what is known of any request at a place, one without Upgrade.
func (m *model) env(at place) *env {
	e := &env{m: m, server: at.server}
	for b := at.block; b != nil; b = b.outer {
		e.chain = append(e.chain, b)
		if b == at.server.block { // set is not allowed further out
			break
		}
	}
	slices.Reverse(e.chain)
	return e
}

// cutScheme takes the scheme off a pass. The slashes of unix:///path, as uWSGI's
// documentation writes it, belong to the path.
func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, "://")
	if !ok || strings.EqualFold(scheme, "unix") {
		return "", s, false
	}
	return scheme, rest, true
}

// cutURI splits a pass into what names the backend and the URI behind it.
// $request_uri and $uri begin with a slash and so with the URI.
func cutURI(s string) (target, uri string) {
	_, host, ok := cutScheme(s)
	if !ok {
		return s, ""
	}
	at := len(s) - len(host)
	if rest := s[at:]; len(rest) > 5 && strings.EqualFold(rest[:5], "unix:") {
		if n := strings.IndexByte(rest[5:], ':'); n >= 0 {
			return s[:at+5+n], rest[5+n+1:]
		}
		return s, ""
	}
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '/', '?', '#':
			return s[:i], s[i:]
		case '$':
			name, _ := variableAt(s[i+1:])
			if i > at && slices.Contains([]string{"request_uri", "uri", "document_uri", "is_args", "args"}, name) {
				return s[:i], s[i:]
			}
		}
	}
	return s, ""
}

// pass makes the routes of a pass: one for each target that it may have, by what
// is known of the request.
func (m *model) pass(at place, release Release, e *env) []*Route {
	text, uri := cutURI(at.directive.Arg(1))
	// A variable anywhere makes nginx look the host up for each request.
	late := !constant(at.directive.Arg(1))
	v := e.eval(text)
	base := Route{
		Pass: at.directive, Server: at.server, Location: at.location, Condition: at.condition, block: at.block,
		URI: uri, Variables: variablesIn(text), TargetBy: v.by, Of: 1, Resolver: at.block.find("resolver"),
	}
	var routes []*Route
	add := func(target, unknown string) {
		r := base
		r.Target, r.Unknown = target, unknown
		if unknown == "" && r.Variables != nil {
			var more string
			if r.Target, more = cutURI(target); more != "" {
				r.URI = more + uri
			}
		}
		m.connect(&r, late)
		m.settings(&r, e)
		m.connection(&r, release, e)
		if _, known := release.AtLeast(Pooling); !known && r.leavesOpen() {
			newer := r
			newer.Header, newer.Pool, newer.VersionBy = Header{}, Pool{}, nil
			if m.connection(&newer, Pooling, e); r.differs(&newer) {
				r.Newer = &newer
			}
		}
		routes = append(routes, &r)
	}
	for i, target := range v.list {
		_, host, ok := cutScheme(target)
		switch {
		case target != "" && (host != "" || !ok):
			add(target, "")
			if len(v.shares) == len(v.list) {
				routes[len(routes)-1].Share = v.shares[i]
			}
		case len(v.list) == 1 && !v.open:
			add(text, "$"+strings.Join(variablesIn(text), ", $")+" is empty")
		}
	}
	if v.open {
		why := v.why
		if why == "" {
			why = text
		}
		if names := placeholders(text); names != "" {
			add(text, names+" is a placeholder, which something such as envsubst fills in before nginx reads the file")
		} else {
			add(text, why+" decides, and its value is not in the configuration")
		}
	}
	routes = merged(routes)
	for _, r := range routes {
		r.Of = len(routes)
	}
	return routes
}

// merged makes one route of those that differ in their URI only.
func merged(all []*Route) (routes []*Route) {
	for _, r := range all {
		i := slices.IndexFunc(routes, func(x *Route) bool { return x.Target == r.Target && x.Unknown == r.Unknown })
		if i < 0 {
			routes = append(routes, r)
			continue
		}
		routes[i].Share += r.Share
	}
	return routes
}

// connect finds the protocol and the group that a target names, as nginx does:
// the upstream block of that name, else a host that another pass names as well,
// else the host itself.
func (m *model) connect(r *Route, late bool) {
	name := r.Pass.Name()
	r.Protocol = passes[name]
	scheme, host, _ := cutScheme(r.Target)
	port := 0
	switch {
	case r.Server.Stream:
		r.Protocol = TCP
		if slices.ContainsFunc(r.Server.Listens, func(l Listen) bool { return l.UDP }) {
			r.Protocol = UDP
		}
	case name == "proxy_pass":
		port = 80
		if strings.EqualFold(scheme, "https") {
			r.Protocol, port = HTTPS, 443
		}
	}
	if r.Unknown != "" {
		return
	}
	bare, given := splitPort(host, -1)
	if given == -1 {
		if u := m.upstreams[r.Server.prefix()+strings.ToLower(bare)]; u != nil {
			r.Upstream = u
			return
		}
	}
	p := peerAt(host, port)
	if p.Named && p.Port == 0 && m.config.partial() { // a host would need a port
		r.Unknown = "upstream " + host + " is not in what was read"
		return
	}
	p.Directive, p.Word = r.Pass, 1
	p.Resolve = late && p.Named && !m.implicit[strings.ToLower(p.Destination())]
	r.Upstream = &Upstream{Name: host, Method: RoundRobin, Peers: []Peer{p}}
}

// implicitHosts finds the hosts that passes without variables name: nginx looks
// those up when it starts, and a variable of the same value uses what it found.
func (m *model) implicitHosts() {
	var walk func([]*Location)
	walk = func(level []*Location) {
		for _, l := range level {
			for _, at := range l.passes() {
				text, _ := cutURI(at.directive.Arg(1))
				scheme, host, ok := cutScheme(text)
				if !constant(at.directive.Arg(1)) || !ok {
					continue
				}
				port := 80
				if strings.EqualFold(scheme, "https") {
					port = 443
				}
				if p := peerAt(host, port); p.Named {
					m.implicit[strings.ToLower(p.Destination())] = true
				}
			}
			walk(l.Inner)
		}
	}
	for _, s := range m.servers {
		walk(s.Locations)
	}
}

var placeholderRE = regexp.MustCompile(`\$\{?[A-Z][A-Z0-9_]*\b`)

// placeholders are the variables of a text, where all are in upper case: nginx's
// own are not, and images fill such ones in from the environment.
func placeholders(text string) string {
	names := placeholderRE.FindAllString(text, -1)
	if len(names) != strings.Count(text, "$") {
		return ""
	}
	return strings.ReplaceAll(strings.Join(names, ", "), "{", "")
}
