package nginxconf

import (
	"fmt"
	"slices"

	"github.com/lab99/lab99/internal/format"
)

var noPool = Rule{
	ID: "no-pool", Level: Warning,
	Doc: "Every request opens a connection to the backend. A closed one keeps its port for 60 seconds on the side " +
		"that closed it first, so ports / 61 requests per second is all that lasts. An upstream block with " +
		"`keepalive` uses connections again; before 1.29.7 `proxy_http_version 1.1` and `proxy_set_header " +
		"Connection \"\"` belong to it.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if r.Pool.State != PoolNone || r.Unknown != "" && r.Protocol != TCP || !r.Ports() ||
				r.ClosesFirst == ClosedByNobody || r.Protocol == UDP {
				continue
			}
			if d, _ := r.halfDone(k.release); d != nil {
				continue // half-done-keepalive says it, and the same fix
			}
			level := Warning
			if r.ClosesFirst == ClosedByBackend || r.Protocol == TCP || r.Pool.Elsewhere {
				level = Note
			}
			what := "request"
			if r.Protocol == TCP {
				what = "session"
			}
			k.report(level, r.Pass, 1, r.poolFix(k.release), "every %s opens a connection to %s: %s; %s", what,
				upstreamName(r), r.Pool.Why, r.port())
		}
	},
}

// poolFix says how the route gets a pool.
func (r *Route) poolFix(release Release) string {
	u := r.Upstream
	switch r.Protocol {
	case TCP, UDP:
		return "give the backend more ports or addresses, or use a Unix-domain socket: stream{} has no pool"
	case UWSGI, SCGI:
		return fmt.Sprintf("use a Unix-domain socket, or more ports or addresses: %s has no connections that stay",
			r.Protocol)
	}
	var fix []string
	if r.Pool.Elsewhere {
		return fmt.Sprintf("give the part with upstream %s as well, or the output of nginx -T; "+
			"a host of that name needs a block of its own", u.Name)
	}
	if u.Directive != nil {
		fix = []string{fmt.Sprintf("`keepalive 32;` behind the servers of upstream %s (%s)", u.Name, at(u.Directive,
			r.Pass))}
	} else {
		pass := "backend"
		if scheme, _, ok := cutScheme(r.Target); ok {
			pass = scheme + "://backend"
		}
		fix = []string{fmt.Sprintf("`upstream backend { server %s; keepalive 32; }`", u.Peers[0].Destination()),
			fmt.Sprintf("`%s %s%s;`", r.Pass.Name(), pass, r.URI)}
	}
	return "write " + format.List(append(fix, r.missing(release)...))
}

// missing are the directives, besides keepalive, that a pool needs here and does
// not have.
func (r *Route) missing(release Release) []string {
	var all []string
	switch r.Protocol {
	case HTTP, HTTPS:
		if r.HTTPVersion == "1.0" {
			all = append(all, "`proxy_http_version 1.1;`")
		}
		if hasToken(r.Header.Value, "close") {
			if r.Header.By != nil && r.Header.By.Name() == "map" {
				all = append(all, fmt.Sprintf("`'' '';` in the map of line %d in place of close", r.Header.By.Line))
			} else {
				all = append(all, "`proxy_set_header Connection \"\";`")
			}
		}
	case FastCGI:
		if r.block.value("fastcgi_keep_conn", "off") != "on" {
			all = append(all, "`fastcgi_keep_conn on;`")
		}
	}
	return all
}

var inertPool = Rule{
	ID: "inert-pool", Level: Warning,
	Doc: "`keepalive` is there and does nothing: something else in the configuration makes nginx or the backend " +
		"close every connection. The commonest is a map for websockets that gives `close` to requests without " +
		"Upgrade; write `'' '';` in its place.",
	check: func(k *checker) { k.inert("inert-pool") },
}

var halfDoneKeepalive = Rule{
	ID: "half-done-keepalive", Level: Warning,
	Doc: "A pool needs three lines before 1.29.7: `keepalive` in the upstream block, `proxy_http_version 1.1` and " +
		"`proxy_set_header Connection \"\"` where the pass is (for FastCGI: `fastcgi_keep_conn on`). `keepalive` " +
		"alone does nothing. The others alone are worse than none: the backend then waits, and nginx closes " +
		"every connection first, f = 1.",
	check: func(k *checker) {
		k.inert("half-done-keepalive")
		for _, r := range k.routes {
			d, what := r.halfDone(k.release)
			if d == nil {
				continue
			}
			k.report(Warning, d, 0, r.poolFix(k.release),
				"%s without a pool is worse than the default for %s (%s): the backend leaves the connection "+
					"open, so nginx closes every one first and keeps its port for a minute; %s",
				what, r.Upstream.Name, at(r.Pass, d), r.Pool.Why)
		}
	},
}

// halfDone is the directive that keeps connections open on a route without a pool,
// and what it is called; nil where there is none.
func (r *Route) halfDone(release Release) (d *Directive, what string) {
	switch {
	case r.Pool.State != PoolNone, r.Unknown != "", !r.Ports(), release.pools(), r.Pool.Elsewhere,
		r.ClosesFirst != ClosedByNginx:
		return nil, ""
	case r.Protocol == FastCGI:
		return r.block.find("fastcgi_keep_conn"), "fastcgi_keep_conn on"
	case r.VersionBy == nil, r.Header.Value != "", r.Header.Directive == nil, r.Protocol != HTTP && r.Protocol != HTTPS:
		return nil, ""
	}
	return r.VersionBy, "HTTP/1.1"
}

var connectionHeaderWiped = Rule{
	ID: "connection-header-wiped", Level: Warning,
	Doc: "`proxy_set_header Connection \"\"` of an outer level does not reach a level that has any " +
		"proxy_set_header of its own: those of the inner level replace all of the outer ones. Before 1.29.7 the " +
		"default then is `Connection: close`. Repeat the line.",
	check: func(k *checker) { k.inert("connection-header-wiped") },
}

// inert reports the inert pools of a kind.
func (k *checker) inert(id string) {
	for _, r := range k.routes {
		if r.Pool.State != PoolInert || r.inertKind() != id {
			continue
		}
		d := r.Pool.Directive
		size := fmt.Sprintf("the default pool of %d", r.Pool.Size)
		about, word := r.Pool.Culprit, 0
		if d != nil {
			size = fmt.Sprintf("keepalive %d in line %d", r.Pool.Size, d.Line)
			about, word = d, 0
		}
		if id == "connection-header-wiped" {
			about = r.Header.Dropper
		}
		if about == nil {
			about = r.Pass
		}
		if d != nil && about.Tree != d.Tree {
			size = fmt.Sprintf("keepalive %d (%s)", r.Pool.Size, at(d, about))
		}
		fix := r.missing(k.release)
		switch {
		case r.Protocol == UWSGI || r.Protocol == SCGI:
			fix = []string{r.poolFix(k.release)}
		case r.Pool.Culprit == r.Upstream.balancer && r.Pool.Culprit != nil:
			fix = []string{fmt.Sprintf("put %s before keepalive", r.Pool.Culprit.Name()) + r.also(k.release)}
		case r.ofGroup(r.Pool.Culprit):
			fix = []string{"take " + r.Pool.Culprit.Source() + " out" + r.also(k.release)}
		case len(fix) == 0 && r.Pool.Culprit != nil:
			fix = []string{"take " + r.Pool.Culprit.Source() + " out"}
		default:
			where := r.LocationName()
			if where == "" {
				where = "the server"
			}
			fix = []string{"write " + format.List(fix) + " into location " + where}
			if r.Header.By != nil && r.Header.By.Name() == "map" && hasToken(r.Header.Value, "close") {
				fix = []string{"write " + format.List(r.missing(k.release))}
			}
		}
		level := Warning
		if d == nil && r.ClosesFirst == ClosedByBackend {
			level = Note // nobody asked for a pool, and no port is lost
		}
		k.report(level, about, word, format.List(fix), "%s does nothing for %s (%s): %s; %s", size, where(r),
			at(r.Pass, about), r.Pool.Why, r.port())
	}
}

// where is the location of a route, for people.
func where(r *Route) string {
	if name := r.LocationName(); name != "" {
		return "location " + name
	}
	return "the server"
}

// ofGroup says whether a directive stands in the route's upstream block.
func (r *Route) ofGroup(d *Directive) bool {
	return d != nil && r.Upstream != nil && r.Upstream.block != nil && slices.Contains(r.Upstream.block.items, d)
}

// also are the fixes of what keeps the pool from working besides the first cause.
func (r *Route) also(release Release) string {
	if missing := r.missing(release); len(missing) > 0 {
		return "; then write " + format.List(missing) + " as well"
	}
	return ""
}

// inertKind is the id of the rule that an inert pool falls under: what was left
// out is one thing, what was written is another.
func (r *Route) inertKind() string {
	switch c := r.Pool.Culprit; {
	case r.ofGroup(c):
		return "inert-pool"
	case r.Header.Dropped != nil && hasToken(r.Header.Value, "close") && !hasToken(r.Header.Dropped.Arg(2), "close"):
		return "connection-header-wiped"
	case c == nil, c == r.Pass && r.Protocol != UWSGI && r.Protocol != SCGI, c == r.Header.Dropper:
		return "half-done-keepalive"
	}
	return "inert-pool"
}

var poolSmallerThanWorkersNeed = Rule{
	ID: "pool-smaller-than-workers-need", Level: Warning,
	Doc: "`keepalive N` is how many idle connections a worker keeps to all servers of the block together. With " +
		"fewer than servers that come in turn, the connection to each is given up before its next request; with " +
		"fewer than a worker's requests under way, connections are closed and opened again, and each closed one " +
		"keeps its port.",
	check: func(k *checker) {
		seen := map[*Upstream]bool{}
		for _, r := range k.routes {
			u := r.Upstream
			if r.Pool.State != PoolWorks || r.Pool.Directive == nil || seen[u] {
				continue
			}
			seen[u] = true
			peers := len(r.Shares()) // nginx looks for an idle connection by address
			switch {
			case r.Pool.Size < peers:
				k.report(Warning, r.Pool.Directive, 1, fmt.Sprintf("keepalive %d, twice the servers, or more", 2*peers),
					"keepalive %d is for all %d servers of upstream %s together: where they come in turn, each "+
						"request finds the connection to its server given up, and opens one",
					r.Pool.Size, peers, u.Name)
			case r.Pool.Size < 2*peers:
				k.report(Note, r.Pool.Directive, 1, fmt.Sprintf("keepalive %d, twice the servers, or more", 2*peers),
					"keepalive %d is for all %d servers of upstream %s together: more than %d requests at a "+
						"time in a worker open connections and close them",
					r.Pool.Size, peers, u.Name, r.Pool.Size)
			}
		}
	},
}
