package nginxconf

import (
	"maps"
	"slices"
)

// Routes are the locations that pass requests on, in the order of the file,
// and the servers of stream{}. What a release decides is that release's; of an
// unknown one the older answer is given, and Newer has the other. A location
// that nginx always answers itself, by return, is none, and so is one of a server that
// no request reaches.
func (c *Config) Routes(release Release) []*Route {
	c.model.Lock()
	defer c.model.Unlock()
	all := slices.Clone(c.model.routes(release))
	return slices.DeleteFunc(all, func(r *Route) bool { return r.Server.Unreached })
}

// routes are kept: findings ask for them as well. Those that no request reaches are among
// them.
func (m *model) routes(release Release) []*Route {
	if all, ok := m.known[release.String()]; ok {
		return all
	}
	all := m.allRoutes(release)
	m.known[release.String()] = all
	return all
}

func (m *model) allRoutes(release Release) []*Route {
	var all []*Route
	for _, s := range m.servers {
		if s.block.own("return") == nil {
			all = m.routesOf(all, s.Locations, release)
		}
	}
	for _, s := range m.streams {
		if d := s.block.own("proxy_pass"); d != nil {
			at := place{server: s, block: s.block, directive: d}
			all = append(all, m.pass(at, release, m.env(at))...)
		}
	}
	return all
}

func (m *model) routesOf(all []*Route, level []*Location, release Release) []*Route {
	for _, l := range level {
		for _, at := range l.passes() {
			all = append(all, m.pass(at, release, m.env(at))...)
		}
		all = m.routesOf(all, l.Inner, release)
	}
	return all
}

// passes are the directives that pass a request on, by what they speak.
var passes = map[string]Protocol{
	"proxy_pass": HTTP, "grpc_pass": GRPC, "fastcgi_pass": FastCGI, "uwsgi_pass": UWSGI, "scgi_pass": SCGI,
	"memcached_pass": Memcached,
}

// Passes are the names of those, in alphabetical order.
func Passes() []string { return slices.Sorted(maps.Keys(passes)) }

// handlers are other directives that make a location answer. The last of all of
// them in a location is in force.
var handlers = []string{
	"stub_status", "empty_gif", "flv", "mp4", "perl", "js_content", "content_by_lua_block", "content_by_lua_file",
	"content_by_lua", "echo", "hls", "api", "status", "websockify_pass", "postgres_pass", "redis_pass",
	"redis2_pass", "drizzle_pass",
}

// A place is where a pass stands.
type place struct {
	server    *Server
	location  *Location
	condition *Directive // if or limit_except
	block     *block
	directive *Directive
}

// passes are the location's own pass, and those under if and limit_except.
func (l *Location) passes() []place {
	if l.block.own("return") != nil {
		return nil
	}
	var all []place
	add := func(condition *Directive, b *block) {
		if d := handler(b); d != nil && passes[d.Name()] != "" {
			all = append(all, place{l.Server, l, condition, b, d})
		}
	}
	add(nil, l.block)
	for _, d := range l.block.items {
		if d.Kind == Directives && (d.Name() == "if" || d.Name() == "limit_except") {
			if in := l.block.in(d); in.own("return") == nil {
				add(d, in)
			}
		}
	}
	return all
}

// handler is what makes a block answer: the last pass or handler in it.
func handler(b *block) *Directive {
	for _, d := range slices.Backward(b.items) {
		if passes[d.Name()] != "" && len(d.Words) > 1 || slices.Contains(handlers, d.Name()) {
			return d
		}
	}
	return nil
}

// leavesOpen says whether the configuration leaves to the release what becomes of
// the route's connections.
func (r *Route) leavesOpen() bool {
	block := r.Upstream != nil && r.Upstream.Directive != nil
	switch r.Protocol {
	case TCP, UDP:
		return false
	case HTTP, HTTPS:
		if r.VersionBy == nil || r.Header.Directive == nil {
			return true
		}
	}
	return block && (r.Pool.Directive == nil || r.Upstream.balancer != nil)
}

// differs says whether two releases give a route that does something else to
// connections.
func (r *Route) differs(other *Route) bool {
	return r.HTTPVersion != other.HTTPVersion || r.Header.Value != other.Header.Value ||
		(r.Pool.State == PoolWorks) != (other.Pool.State == PoolWorks) ||
		other.Pool.State == PoolWorks && r.Pool.Size != other.Pool.Size || r.ClosesFirst != other.ClosesFirst
}
