package nginxconf

import (
	"cmp"
	"fmt"
	"strings"
)

// A Request is what Select asks about. Empty fields have a plain client's
// values: GET / over http, without a Host.
type Request struct {
	Scheme  string // http or https
	Address string // the local address that the client connects to; "" for any
	Port    int    // 0: the scheme's, or where no server has that, the first one in the file
	Host    string
	Method  string
	Path    string // with ?query
	Header  map[string]string

	// NoFiles says that nginx has no files to answer from, as in a lab.
	NoFiles bool
}

func (r *Request) scheme() string { return cmp.Or(r.Scheme, "http") }
func (r *Request) method() string { return cmp.Or(r.Method, "GET") }

func (r *Request) header(name string) string {
	for k, v := range r.Header {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// AnswerKind says what kind of thing answers a request.
type AnswerKind string

// What answers a request.
const (
	AnswerRoute   AnswerKind = "route"   // a backend
	AnswerReturn  AnswerKind = "return"  // return, a rewrite that redirects, the slash that was missing
	AnswerStatic  AnswerKind = "static"  // a file, or 404 where it is not there
	AnswerDenied  AnswerKind = "denied"  // deny, internal
	AnswerModule  AnswerKind = "module"  // stub_status, content_by_lua and the like
	AnswerNobody  AnswerKind = "nobody"  // no server listens there
	AnswerLoop    AnswerKind = "loop"    // redirects in a circle: nginx answers 500
	AnswerUnknown AnswerKind = "unknown" // something that cannot be followed decides
)

// An Answer is who answers a request.
type Answer struct {
	Kind     AnswerKind
	Routes   []*Route // of AnswerRoute; several where a variable still decides
	Server   *Server
	Location *Location  // nil: the server itself
	By       *Directive // what answers: the pass, return, root, …; nil: nginx's default
	Status   int        // the status where nginx decides on it, else 0
	Path     string     // after rewrites

	// Also are routes that every such request takes as well: auth_request, mirror.
	Also []*Route

	// Assumed is what had to be taken for granted, a sentence each.
	Assumed []string

	conf *block // the context that answers
}

// String says who answers, for people, with file and line.
func (a Answer) String() string {
	where := ""
	if a.By != nil {
		where = fmt.Sprintf("%s (%s)", a.By.Source(), a.By.Pos())
	}
	switch a.Kind {
	case AnswerRoute:
		return where
	case AnswerNobody:
		return "no server of the configuration listens there"
	case AnswerLoop:
		return "nginx answers 500: redirects go in a circle, at " + where
	case AnswerUnknown:
		return "what answers depends on " + where
	case AnswerStatic:
		if where == "" {
			where = "a file below nginx's default root"
		}
		return "nginx answers from files, " + where
	}
	if where == "" {
		return fmt.Sprintf("nginx answers %d itself", a.Status)
	}
	return "nginx answers itself, by " + where
}

// maxRedirects is nginx's NGX_HTTP_MAX_URI_CHANGES.
const maxRedirects = 10

// Select follows a request through the configuration as nginx does: server,
// rewrites, location, access, try_files, content.
func (c *Config) Select(release Release, r Request) Answer {
	c.model.Lock()
	defer c.model.Unlock()
	return c.model.answer(release, r, r.NoFiles)
}

// answer is Select; absent says that no file is there, where Select leaves open
// whether a file answers.
func (m *model) answer(release Release, r Request, absent bool) Answer {
	w := &walk{m: m, release: release, left: maxRedirects, absent: absent}
	if r.Path == "" {
		r.Path = "/"
	}
	server, regex, ok := m.choose(&r)
	if !ok {
		return Answer{Kind: AnswerNobody}
	}
	return w.begin(r, server, regex)
}

// answerAt is Select for a request that has reached a server.
func (m *model) answerAt(release Release, s *Server, r Request) Answer {
	w := &walk{m: m, release: release, left: maxRedirects}
	return w.begin(r, s, nil)
}

func (w *walk) begin(r Request, server *Server, regex *pattern) Answer {
	m := w.m
	w.request, w.answer.Server = r, server
	w.env = &env{m: m, request: &w.request, server: server, set: map[string]values{}}
	if regex != nil {
		groups, _, _ := regex.match(strings.ToLower(hostOf(r.Host)))
		w.env.capture(groups, regex.names())
	}
	w.env.host = strings.ToLower(hostOf(r.Host))
	if w.env.host == "" {
		w.env.host = server.Names[0]
	}
	path, args, ok := normalise(r.Path)
	if !ok {
		return Answer{Kind: AnswerReturn, Server: server, Status: 400}
	}
	w.env.path, w.env.args = path, args
	w.server()
	w.answer.Path, w.answer.conf = w.env.path, w.conf
	return w.answer
}

func hostOf(s string) string {
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		s = s[:i]
	}
	return strings.TrimSuffix(s, ".")
}

// choose finds the server of a request: by the address, then by the name.
func (m *model) choose(r *Request) (*Server, *pattern, bool) {
	port := r.Port
	if port == 0 {
		port = m.port(r)
	}
	var groups []*address
	at := map[string]*address{}
	for _, quic := range []bool{false, true} { // which a request over TCP does not come by
		for _, a := range m.addresses {
			if a.port == port && a.port != 0 && a.quic == quic && at[a.host] == nil {
				at[a.host] = a
				groups = append(groups, a)
			}
		}
	}
	if len(groups) == 0 {
		return nil, nil, false
	}
	host := strings.ToLower(hostOf(r.Host))
	if r.Address != "" {
		wild := "*"
		if strings.Contains(r.Address, ":") {
			wild = "[::]"
		}
		g := at[r.Address]
		if g == nil {
			g = at[wild]
		}
		if g == nil {
			return nil, nil, false
		}
		groups = []*address{g}
	}
	// Where the address is not said, a server that has the name is meant.
	for _, g := range groups {
		if s, regex := byName(g.heard, host); s != nil {
			return s, regex, true
		}
	}
	return groups[0].first, nil, true
}

// port is the one that a request without a port means.
func (m *model) port(r *Request) int {
	usual := 80
	if r.scheme() == "https" {
		usual = 443
	}
	first := 0
	for _, s := range m.servers {
		for _, l := range s.Listens {
			if l.Port == usual {
				return usual
			}
			if first == 0 {
				first = l.Port
			}
		}
	}
	return first
}
