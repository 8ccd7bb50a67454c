package nginxconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
)

var always = 1.0 // f where nginx closes every connection first
var never = 0.0

// connection works out what becomes of the route's connections.
func (m *model) connection(r *Route, release Release, e *env) {
	switch r.Protocol {
	case HTTP, HTTPS:
		m.http1(r, release, e)
	case GRPC:
		r.HTTPVersion = "2"
	}
	m.pool(r, release)
	r.ClosesFirst, r.CloseShare = r.closer()
}

// http1 finds the protocol's version and the Connection header.
func (m *model) http1(r *Route, release Release, e *env) {
	r.HTTPVersion = "1.0"
	if release.pools() {
		r.HTTPVersion = "1.1"
	}
	if d := r.block.find("proxy_http_version"); d != nil {
		r.HTTPVersion, r.VersionBy = d.Arg(1), d
	}
	if r.HTTPVersion == "2" {
		r.Header.Known = true
		return
	}
	r.Header = header(r.block, "Connection", e)
	if r.Header.Directive == nil && !release.pools() {
		r.Header.Value = "close"
	}
}

// header finds a header that proxy_set_header gives a request. All headers of an
// outer level go where an inner one sets any.
func header(b *block, name string, e *env) Header {
	h := Header{Known: true}
	set, level := b.arrayAt("proxy_set_header")
	var sent []string
	for _, d := range set {
		if !strings.EqualFold(d.Arg(1), name) {
			continue
		}
		if h.Directive == nil {
			h.Directive = d
		}
		v := e.eval(d.Arg(2))
		s, ok := v.single()
		if !ok {
			h.Known = false
			s = d.Arg(2)
			if !v.open && !slices.ContainsFunc(v.list, func(s string) bool { return !hasToken(s, "close") }) {
				h.Known, s = true, "close"
			}
		}
		if s != "" { // nginx sends no header without a value
			sent = append(sent, s)
			h.Directive = d
		}
		if v.by != nil {
			h.By = v.by
		}
	}
	h.Value = strings.Join(sent, ", ")
	if h.Directive == nil && level != nil {
		for b := level.outer; b != nil; b = b.outer {
			outer, at := b.arrayAt("proxy_set_header")
			for _, d := range outer {
				if strings.EqualFold(d.Arg(1), name) {
					h.Dropped, h.Dropper = d, set[0]
				}
			}
			if at == nil || h.Dropped != nil {
				break
			}
			b = at
		}
	}
	return h
}

// hasToken says whether a header's list has an element.
func hasToken(value, token string) bool {
	for t := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

// pool finds the group's keepalive, and what keeps it from being used.
func (m *model) pool(r *Route, release Release) {
	p := &r.Pool
	p.State = PoolNone
	u := r.Upstream
	switch {
	case r.Server.Stream:
		p.Why = "a server of stream{} opens a connection for each session"
		return
	case u == nil:
		p.Why = r.Unknown
		return
	case u.Directive == nil:
		p.Why = fmt.Sprintf("%s names a host and no upstream block", r.Pass.Name())
		p.Culprit = r.Pass
		if m.config.partial() && r.oneWord() {
			p.Elsewhere = true
			p.Why = fmt.Sprintf("no upstream block %s stands in what was read, so it counts as a host", r.Upstream.Name)
		}
		return
	}
	p.Directive = u.block.own("keepalive")
	p.Local = release.pools() && p.Directive == nil
	if p.Directive != nil {
		p.Size, _ = strconv.Atoi(p.Directive.Arg(1))
		p.Local = p.Directive.Arg(2) == "local"
	} else if release.pools() {
		p.Size = DefaultPool
	}
	if p.Size <= 0 {
		p.Size, p.Why = 0, fmt.Sprintf("upstream %s in %s has no keepalive", u.Name, at(u.Directive, r.Pass))
		if p.Directive != nil {
			p.Why = fmt.Sprintf("keepalive 0 in %s turns it off", at(p.Directive, r.Pass))
		}
		return
	}
	if p.Directive == nil && (r.Protocol == UWSGI || r.Protocol == SCGI) {
		p.Size, p.Why, p.Local = 0, "the "+string(r.Protocol)+" protocol has one request per connection", false
		return
	}
	p.limits(u.block, release)
	p.State = PoolWorks
	if why, culprit := r.inert(release); why != "" {
		p.State, p.Why, p.Culprit = PoolInert, why, culprit
	}
}

// oneWord says whether a pass names a host without a dot or a port, as names of
// upstream blocks mostly are.
func (r *Route) oneWord() bool {
	_, host, _ := cutScheme(r.Target)
	return host != "" && !strings.ContainsAny(host, ".:") && !strings.EqualFold(host, "localhost")
}

func (p *Pool) limits(b *block, release Release) {
	p.Requests, p.Timeout = 1000, time.Minute
	if release.since(thousand) {
		p.Time = time.Hour
	} else {
		p.Requests = 100
	}
	if n, err := strconv.Atoi(b.value("keepalive_requests", "")); err == nil && b.own("keepalive_requests") != nil {
		p.Requests = n
	}
	for name, to := range map[string]*time.Duration{"keepalive_time": &p.Time, "keepalive_timeout": &p.Timeout} {
		if d := b.own(name); d != nil {
			if t, ok := seconds(d.Arg(1)); ok {
				*to = t
			}
		}
	}
}

// inert says why the pool of the group is not used on this route; "" where it
// is.
func (r *Route) inert(release Release) (string, *Directive) {
	u, k := r.Upstream, r.Pool.Directive
	for _, limit := range []struct {
		name string
		none bool
		why  string
	}{
		{"keepalive_requests", r.Pool.Requests <= 1, "closes a connection after one request"},
		{"keepalive_timeout", r.Pool.Timeout == 0, "closes a connection as soon as it is idle"},
		{"keepalive_time", r.Pool.Time == 0 && release.since(thousand),
			"closes a connection after its first millisecond"},
	} {
		if d := u.block.own(limit.name); d != nil && limit.none {
			return fmt.Sprintf("%s in %s %s", d.Source(), at(d, r.Pass), limit.why), d
		}
	}
	if k != nil && u.balancer != nil && !release.pools() && after(u.block, u.balancer, k) {
		return fmt.Sprintf("%s in %s stands behind it and takes its place", u.balancer.Name(), at(u.balancer,
			r.Pass)), u.balancer
	}
	switch r.Protocol {
	case HTTP, HTTPS:
		return r.inertHTTP()
	case FastCGI:
		d := r.block.find("fastcgi_keep_conn")
		if d == nil {
			return "fastcgi_keep_conn is off by default, so the backend closes", r.Pass
		}
		if d.Arg(1) != "on" {
			return fmt.Sprintf("%s in %s lets the backend close", d.Source(), at(d, r.Pass)), d
		}
	case UWSGI, SCGI:
		return "the " + string(r.Protocol) + " protocol has one request per connection", r.Pass
	}
	return "", nil
}

func (r *Route) inertHTTP() (string, *Directive) {
	h := r.Header
	switch {
	case hasToken(h.Value, "close") && h.Known:
		why, culprit := "Connection is close by default", h.Dropper
		if r.HTTPVersion == "1.0" && r.VersionBy == nil {
			why = "HTTP/1.0 with Connection: close is the default"
		}
		switch {
		case h.By != nil && h.By.Name() != "set":
			plain := ""
			if strings.Contains(h.By.Arg(1), "$http_upgrade") {
				plain = " for requests without Upgrade"
			}
			why, culprit = fmt.Sprintf("Connection is close%s (%s in %s)", plain, h.By.Name(), at(h.By, r.Pass)), h.By
		case h.Directive != nil:
			why, culprit = fmt.Sprintf("Connection is close (%s)", at(h.Directive, r.Pass)), h.Directive
		case h.Dropped != nil:
			why += fmt.Sprintf(", since proxy_set_header in %s replaces all those of outer levels, "+
				"Connection in %s too", at(h.Dropper, r.Pass), at(h.Dropped, r.Pass))
		}
		return why, culprit
	case r.HTTPVersion == "1.0" && hasToken(h.Value, "keep-alive"):
		return "", nil
	case r.HTTPVersion == "1.0" && r.VersionBy == nil:
		return "HTTP/1.0 is the default, and its backend closes", r.Pass
	case r.HTTPVersion == "1.0":
		return fmt.Sprintf("proxy_http_version 1.0 in %s lets the backend close", at(r.VersionBy, r.Pass)), r.VersionBy
	}
	return "", nil
}

// after says whether a directive stands behind another in a block.
func after(b *block, d, other *Directive) bool {
	return slices.Index(b.items, d) > slices.Index(b.items, other)
}

// closer says who closes a connection first, and f.
func (r *Route) closer() (Closer, *float64) {
	if u := r.Upstream; u != nil && u.Directive != nil && len(u.Peers) > 0 &&
		!slices.ContainsFunc(u.Peers, func(p Peer) bool { return !p.Down }) {
		return ClosedByNobody, &never
	}
	if e, ok := r.ending(); ok {
		switch {
		case e.Races():
			return ClosedInRace, nil
		case e.CloseShare == 0:
			return ClosedByBackend, &never
		}
		return ClosedByNginx, &always
	}
	switch r.Protocol {
	case UDP:
		return ClosedByNobody, &never
	case HTTP, HTTPS:
		if hasToken(r.Header.Value, "close") && r.Header.Known || r.HTTPVersion == "1.0" &&
			!hasToken(r.Header.Value, "keep-alive") {
			return ClosedInRace, nil
		}
	}
	return ClosedByNginx, &always
}

// ending is who ends a connection of the route's protocol; false for HTTP, where headers
// decide, and for streams.
func (r *Route) ending() (law.Ending, bool) {
	switch r.Protocol {
	case FastCGI:
		if r.block.value("fastcgi_keep_conn", "off") == "on" {
			return law.FastCGIKept, true
		}
		return law.FastCGIEnds, true
	case UWSGI, SCGI:
		return law.UWSGIEnds, true
	case GRPC:
		return law.GRPCEnds, true
	case Memcached:
		return law.MemcachedEnds, true
	}
	return law.Ending{}, false
}
