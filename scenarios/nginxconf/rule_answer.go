package nginxconf

import (
	"fmt"
	"strings"
)

var errorHidden = Rule{
	ID: "error-hidden", Level: Warning,
	Doc: "`error_page 502 =200` answers a failed connect() with success: clients and monitoring see no failure " +
		"when ports run out. Only the error log has them. Keep the status: `error_page 502 /page`.",
	check: func(k *checker) {
		for _, r := range k.routes {
			for _, e := range r.Hides {
				if e.Hidden() {
					k.report(Warning, e.Directive, len(e.Directive.Words)-1,
						"leave the `=` out, and count error 99 in nginx's error log",
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
	if e.Status == "=" {
		return "the status of that answer"
	}
	return "status " + strings.TrimPrefix(e.Status, "=")
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
		for _, r := range k.routes {
			if r.Location == nil {
				continue
			}
			for _, name := range []string{"auth_request", "mirror"} {
				for _, d := range r.block.array(name) {
					if strings.HasPrefix(d.Arg(1), "/") && k.model.locationPasses(r.Server, d.Arg(1)) {
						k.report(Note, d, 0, "give that location a pool as well",
							"%s passes every request of location %s on a second time: two connections a request",
							d.Source(),
							r.LocationName())
					}
				}
			}
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
			return
		}
		if len(k.routes) == 0 {
			s := append(k.model.servers, k.model.streams...)[0]
			k.report(Note, s.Directive, 0, "none is needed",
				"no location of %s passes requests on: nginx opens no connections to a backend", main.Name)
			return
		}
		if len(k.model.servers) == 0 {
			return
		}
		said := map[*Server]bool{}
		for _, r := range k.routes {
			s := r.Server
			if s.Stream || said[s] {
				continue
			}
			said[s] = true
			q := Request{Path: "/", Port: s.Listens[0].Port, Host: plainName(s)}
			if a := k.model.answerAt(k.release, s, q); a.Kind != AnswerRoute {
				var others []string
				for _, o := range k.routes {
					if o.Server == s && o.Location != a.Location && o.Location.Kind != MatchNamed &&
						len(others) < 4 && !o.Location.Internal {
						others = append(others, o.Location.String())
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
