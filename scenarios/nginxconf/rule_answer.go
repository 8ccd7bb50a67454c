package nginxconf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

var errorHidden = Rule{
	ID: "error-hidden", Level: Warning,
	Doc: "`error_page 502 =200` answers a failed connect() with success: clients and monitoring see no failure " +
		"when ports run out. Only the error log has them. Keep the status: `error_page 502 /page`. A redirect, and " +
		"`proxy_cache_use_stale error`, hide it as well.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if d := r.Stale; d != nil {
				k.report(Note, d, 0, "count error 99 in nginx's error log",
					"a failed connect() to %s is answered from the cache where an old copy is there: no client "+
						"sees it", upstreamName(r))
			}
			for _, e := range r.Hides {
				if e.Hidden() {
					fix := "leave the `=` out, and count error 99 in nginx's error log"
					if redirects(e.Seen) {
						fix = "answer with a page of this server, `error_page 502 /page;`, " +
							"and count error 99 in nginx's error log"
					}
					k.report(Warning, e.Directive, len(e.Directive.Words)-1, fix,
						"a failed connect() to %s is answered by %s with %s: no client sees "+
							"it", upstreamName(r), e.Target, statusOf(e))
				}
			}
		}
	},
}

func upstreamName(r *Route) string {
	if r.Upstream == nil {
		return r.Target
	}
	return r.Upstream.Name
}

func statusOf(e ErrorPage) string {
	if e.Seen == 0 {
		return "the status of that answer"
	}
	return fmt.Sprintf("status %d", e.Seen)
}

var cacheAnswers = Rule{
	ID: "cache-answers", Level: Note,
	Doc: "nginx answers from its cache what it has there: only misses reach the backend and take a port. A load " +
		"of one and the same request is one request to the backend.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if r.Cache != nil {
				k.report(Note, r.Cache.Directive, 0, "for a measurement let the query differ, or bypass the cache",
					"%s %s answers what it has: only misses of location %s reach "+
						"%s", r.Cache.Directive.Name(), r.Cache.Zone, r.LocationName(), upstreamName(r))
			}
		}
	},
}

var subrequestDoubles = Rule{
	ID: "subrequest-doubles", Level: Note,
	Doc: "`auth_request` and `mirror` send a further request for each one of the client's: connections of their " +
		"own, to a destination that may have fewer ports.",
	check: func(k *checker) {
		subrequest := map[*Location]bool{} // nginx makes none of its own for these
		each := func(visit func(*Route, *Directive, *Location)) {
			for _, r := range k.routes {
				for _, name := range []string{"auth_request", "mirror"} {
					if r.Location == nil {
						continue
					}
					for _, d := range r.block.array(name) {
						if l := k.model.locationOf(r.Server, d.Arg(1)); l != nil && strings.HasPrefix(d.Arg(1), "/") {
							visit(r, d, l)
						}
					}
				}
			}
		}
		each(func(_ *Route, _ *Directive, l *Location) { subrequest[l] = true })
		from := map[*Directive][]string{}
		var order []*Directive
		each(func(r *Route, d *Directive, l *Location) {
			if subrequest[r.Location] || len(l.passes()) == 0 {
				return
			}
			if from[d] == nil {
				order = append(order, d)
			}
			if name := r.LocationName(); !slices.Contains(from[d], name) {
				from[d] = append(from[d], name)
			}
		})
		for _, d := range order {
			names := from[d]
			if n := len(names) - 4; n > 0 {
				names = append(slices.Clone(names[:4]), fmt.Sprintf("%d more", n))
			}
			k.report(Note, d, 0, "give that location a pool as well",
				"%s passes every request of %s on a second time: two connections a request",
				d.Source(), format.List(names))
		}
	},
}

var notProxied = Rule{
	ID: "not-proxied", Level: Note,
	Doc: "nginx answers / itself, by return or from files: a request for / tells nothing about connections to the " +
		"backend. Load a path that is passed on.",
	check: func(k *checker) {
		main := k.config.Files[0]
		if len(k.model.servers)+len(k.model.streams) == 0 {
			if k.model.http != nil && k.model.http.directive != nil {
				k.report(Note, k.model.http.directive, 0,
					"give a file with servers, or see that its includes are found",
					"no server stands in what was read: there is nothing to say about connections")
			}
			return
		}
		if len(k.routes) == 0 {
			s := append(k.model.servers, k.model.streams...)[0]
			if d := scripted(k.config); d != nil {
				k.report(Note, d, 0, "look for pools in the script: set_keepalive of a cosocket, keepalive of a fetch",
					"no location of %s passes requests on, but a script may open connections of its own, "+
						"which are not looked into here", main.Name)
				return
			}
			k.report(Note, s.Directive, 0, "none is needed",
				"no location of %s passes requests on: nginx opens no connections to a backend", main.Name)
			return
		}
		if len(k.model.servers) == 0 {
			return
		}
		of := map[*Server][]*Route{}
		for _, r := range k.routes {
			of[r.Server] = append(of[r.Server], r)
		}
		for _, r := range k.routes {
			s := r.Server
			if s.Stream || r != of[s][0] { // once a server
				continue
			}
			q := Request{Path: "/", Host: plainName(s)}
			if a := k.atAnyListen(s, q); a.Kind != AnswerRoute {
				var others []string
				for _, o := range of[s] {
					at := o.Location
					if at != a.Location && at.Kind != MatchNamed && !at.Internal && len(others) < 4 {
						name := at.String()
						if name == q.Path { // something more exact answers that
							name = "anything below /"
						}
						others = append(others, name)
					}
				}
				by := s.Directive
				if a.By != nil {
					by = a.By
				}
				k.report(Note, by, 0, loadOther(others), "a request for / at %s does not reach a backend: %s", s.Name(),
					a.String())
			}
		}
	},
}

// atAnyListen is what answers a request for a server, at the first of its
// addresses where a backend does: one of plain HTTP often leads to HTTPS.
func (k *checker) atAnyListen(s *Server, q Request) (first Answer) {
	for i, l := range s.Listens {
		q.Port, q.Scheme = l.Port, "http"
		if l.TLS {
			q.Scheme = "https"
		}
		a := k.model.answerAt(k.release, s, q)
		if a.Kind == AnswerRoute {
			return a
		}
		if i == 0 {
			first = a
		}
	}
	return first
}

// scripted is the first directive that runs a script while a request is served,
// or hands it to a module that is not known here.
func scripted(c *Config) (found *Directive) {
	for _, t := range c.Files {
		walkDirectives(t.Root, func(d *Directive) {
			name := d.Name()
			lua := strings.Contains(name, "_by_lua") && !strings.HasPrefix(name, "init")
			pass := strings.HasSuffix(name, "_pass") && passes[name] == ""
			if found == nil && (lua || pass || name == "js_content" || name == "perl") {
				found = d
			}
		})
	}
	return found
}

func loadOther(locations []string) string {
	if len(locations) == 0 {
		return "none is needed"
	}
	return "load a path that is passed on: " + strings.Join(locations, ", ")
}

// plainName is a Host that belongs to a server.
func plainName(s *Server) string {
	for _, n := range s.Names {
		if n != "" && !strings.ContainsAny(n, "*~$") {
			return strings.TrimPrefix(n, ".")
		}
	}
	return fmt.Sprintf("localhost:%d", s.Listens[0].Port)
}
