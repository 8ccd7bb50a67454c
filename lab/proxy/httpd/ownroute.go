package httpd

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/proxy/ownfile"
)

// A route is a directive that passes requests on, or a member of a balancer.
type route struct {
	directive
	at     int // the word that has the address
	path   string
	url    string
	host   string // and port, of the address
	match  *regexp.Regexp
	params map[string]ownfile.Word // Value is without the key
}

// address is that of a worker: scheme, host and port, the rest.
var address = regexp.MustCompile(`(?i)^(https?|wss?|balancer|unix|fcgi|ajp|uwsgi|scgi|h2c?|ftp|fdpass|[a-z0-9+.-]+):` +
	`(?://)?([^/|]*)(.*)$`)

// routes are all that pass on over HTTP, in the order of the file.
func (c *ownConf) routes() (all []*route) {
	for _, d := range c.directives {
		if r := c.passes(d); r != nil && address.MatchString(r.url) {
			all = append(all, r)
		}
	}
	return all
}

// passes is a directive as a route; nil for any other. ProxyPass in a <Location> has the path
// of that.
func (c *ownConf) passes(d directive) *route {
	r := &route{directive: d, at: 2, path: d.Arg(1), url: d.Arg(2)}
	switch {
	case d.is("proxypass"), d.is("proxypassmatch"):
		if l := d.inside("location", "locationmatch"); l != nil && len(l.args) > 0 {
			r.at, r.path, r.url = 1, l.args[len(l.args)-1].Value, d.Arg(1)
			if l.kind == "locationmatch" || l.args[0].Value == "~" {
				r.match = compile(r.path)
			}
		} else if d.is("proxypassmatch") {
			r.match = compile(r.path)
		}
	case d.is("rewriterule"):
		if !flags(d.Arg(3), "P", "proxy") {
			return nil
		}
		r.match = compile(strings.TrimPrefix(r.path, "!"))
	default:
		return nil
	}
	r.params = params(d.Words[min(r.at+1, len(d.Words)):])
	if m := address.FindStringSubmatch(r.url); m != nil {
		r.host = m[2]
	}
	return r
}

func compile(pattern string) *regexp.Regexp {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil // what Go's expressions cannot say is not known to match
	}
	return re
}

// flags says whether the flags of a RewriteRule have one of these.
func flags(text string, names ...string) bool {
	for f := range strings.SplitSeq(strings.Trim(text, "[]"), ",") {
		f, _, _ = strings.Cut(strings.TrimSpace(f), "=")
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, f) }) {
			return true
		}
	}
	return false
}

// params are key=value among words.
func params(words []ownfile.Word) map[string]ownfile.Word {
	all := map[string]ownfile.Word{}
	for _, w := range words {
		if key, value, ok := strings.Cut(w.Value, "="); ok {
			w.Value = value
			all[strings.ToLower(key)] = w
		}
	}
	return all
}

// takes says whether a route is for a path.
func (m *route) takes(path string) bool {
	if m.match != nil {
		return m.match.MatchString(path) != strings.HasPrefix(m.path, "!")
	}
	return strings.HasPrefix(path, m.path) &&
		(strings.HasSuffix(m.path, "/") || len(path) == len(m.path) || path[len(m.path)] == '/')
}

// choose is the virtual host that gets the load, nil is the main server: the one of that
// name, or else the first that passes the path on, or passes on at all.
func (c *ownConf) choose(routes []*route, name, path string) *section {
	for _, d := range c.directives {
		if h := d.inside("virtualhost"); h != nil && name != "" && (d.is("servername") || d.is("serveralias")) {
			for _, w := range d.Words[1:] {
				if server, _, _ := strings.Cut(w.Value, ":"); strings.EqualFold(server, name) {
					return h
				}
			}
		}
	}
	for _, r := range routes {
		if r.takes(path) {
			return r.inside("virtualhost")
		}
	}
	return routes[0].inside("virtualhost")
}

// route is the one that a path takes at a host, nil where Apache answers by itself.
// unknown says why it cannot be told. Rewriting comes first, then the <Location> that is
// last, then ProxyPass in the order of the file.
func (c *ownConf) route(routes []*route, host *section, path string) (taken *route, unknown string) {
	conditions := 0
	engine := false
	for _, d := range c.in(host) {
		switch {
		case d.is("rewriteengine"):
			engine = strings.EqualFold(d.Arg(1), "on")
		case d.is("rewritecond"):
			conditions++
		case d.is("rewriterule"):
			pattern := compile(strings.TrimPrefix(d.Arg(1), "!"))
			may := pattern == nil || pattern.MatchString(path) != strings.HasPrefix(d.Arg(1), "!")
			if engine && may && d.Arg(2) != "-" {
				if conditions > 0 || pattern == nil || d.inside("directory", "location") != nil {
					return c.plain(routes, host, path), fmt.Sprintf("%v: RewriteRule decides for each request", d.Span)
				}
				return c.passes(d), ""
			}
			conditions = 0
		}
	}
	return c.plain(routes, host, path), ""
}

// plain is the route without regard to RewriteRule.
func (c *ownConf) plain(routes []*route, host *section, path string) (taken *route) {
	for _, r := range routes {
		if r.inside("virtualhost") == host && r.inside("location", "locationmatch") != nil && r.takes(path) {
			taken = r
		}
	}
	if taken != nil {
		return taken
	}
	for _, d := range c.in(host) {
		r := c.passes(d)
		if r != nil && !d.is("rewriterule") && r.takes(path) && r.inside("location", "locationmatch") == nil {
			if r.url == "!" {
				return nil
			}
			return r
		}
	}
	return nil
}

// members are the workers of a route: those of its balancer, or itself.
func (c *ownConf) members(r *route) (all []*route) {
	if !strings.HasPrefix(r.url, "balancer:") {
		c.adds(r, strings.TrimSuffix(r.url, "/"))
		return []*route{r}
	}
	name, ok := balancerName(r.url)
	for _, d := range c.directives {
		m := &route{directive: d, at: 1}
		of := d.inside("proxy")
		if !ok || !d.is("balancermember") {
			continue
		}
		within := ""
		if of != nil && len(of.args) > 0 {
			within = of.args[0].Value
		}
		if strings.HasPrefix(d.Arg(1), "balancer:") {
			m.at, within = 2, d.Arg(1)
		}
		if n, _ := balancerName(within); n != name {
			continue
		}
		m.url, m.params = d.Arg(m.at), params(d.Words[min(m.at+1, len(d.Words)):])
		parts := address.FindStringSubmatch(m.url)
		if parts == nil || disabled.MatchString(m.params["status"].Value) {
			continue
		}
		m.host = parts[2]
		all = append(all, m)
	}
	return all
}

// The status of a member that gets no requests: disabled or stopped, and hot standby, until
// the others have failed.
var (
	disabled = regexp.MustCompile(`(?i)^\+?[^-]*[DS]`)
	standby  = regexp.MustCompile(`(?i)^\+?[^-]*H`)
)

// balancerName is that of balancer://name/path.
func balancerName(url string) (string, bool) {
	rest, ok := strings.CutPrefix(url, "balancer://")
	name, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(name), ok
}

// adds takes in what ProxySet says of a worker, in its <Proxy> or beside its ProxyPass.
func (c *ownConf) adds(r *route, url string) {
	for _, d := range c.directives {
		p, l := d.inside("proxy"), d.inside("location")
		mine := p != nil && len(p.args) > 0 && strings.TrimSuffix(p.args[0].Value, "/") == url ||
			l != nil && l == r.inside("location") || strings.TrimSuffix(d.Arg(1), "/") == url
		if d.is("proxyset") && mine {
			for key, w := range params(d.Words[1:]) {
				r.params[key] = w
			}
		}
	}
}

// forces says whether a balancer takes its members back when all have failed.
func (c *ownConf) forces(r *route) bool {
	name, _ := balancerName(r.url)
	forces := !strings.EqualFold(r.params["forcerecovery"].Value, "off")
	for _, d := range c.directives {
		p := d.inside("proxy")
		if d.is("proxyset") && p != nil && len(p.args) > 0 {
			if n, _ := balancerName(p.args[0].Value); n == name {
				forces = forces && !strings.EqualFold(params(d.Words[1:])["forcerecovery"].Value, "off")
			}
		}
	}
	return forces
}
