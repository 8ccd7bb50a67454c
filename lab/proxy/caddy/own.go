package caddy

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/ownfile"
	"github.com/lab99/lab99/scenarios"
)

// labFile is the lab's own part: it has the global options, and imports the user's.
const labFile = "lab.caddyfile"

// Adopt reads a Caddyfile of the user's own: it finds the route of the load, and puts the
// lab's addresses in.
func (Kind) Adopt(v scenarios.Variant, at proxy.Site) (*proxy.Adopted, error) {
	c, err := readOwn(v, at)
	if err != nil {
		return nil, err
	}
	for _, s := range c.sites {
		if s.body, err = c.expand(s.body, 0); err != nil {
			return nil, err
		}
	}
	var all []*node
	for _, s := range c.sites {
		all = append(all, passing(s.body)...)
	}
	if len(all) == 0 {
		return nil, ownfile.Span{File: c.Main}.Mistake("nothing in it passes requests on: "+
			"a reverse_proxy was expected in a site", "add reverse_proxy HOST:PORT")
	}
	a := &proxy.Adopted{}
	for _, n := range all {
		a.Own.Routes = append(a.Own.Routes, fmt.Sprintf("%v: %s", n.Span, n.Text()))
	}
	s, r := c.choose(v)
	switch {
	case r.pass == nil && r.unknown == "":
		a.Own.Answer = fmt.Sprintf("Caddy answers %s by itself; --set load.path=/PATH can reach %v: %s",
			v.Load.Path, all[0].Span, all[0].Text())
	case r.pass == nil:
		a.Own.Answer, a.Own.Unknown = "which route the load takes is not known", r.unknown
	default:
		a.Own.Passed, a.Own.Unknown = true, r.unknown
		a.Own.Answer = fmt.Sprintf("the load reaches %v: %s", r.pass.Span, r.pass.Text())
		if err := c.conduct(a, r.pass); err != nil {
			return nil, err
		}
	}
	if a.Own.Unknown != "" { // any of them may be reached
		for _, n := range all {
			for _, w := range upstreams(n) {
				if to, err := destination(w); err == nil {
					c.Backend(to)
				}
			}
		}
	}
	if err := c.rewrite(s, all, at); err != nil {
		return nil, err
	}
	c.Added[path.Join(at.Dir, labFile)] = global(at)
	a.Config = c.Config()
	a.File, a.Command = confFile, []string{at.Program}
	a.Serve = []string{"run", "--config", path.Join(at.Dir, labFile), "--adapter", "caddyfile"}
	return a, nil
}

// passing are the directives that pass on, at any depth.
func passing(block []*node) (all []*node) {
	for _, n := range block {
		if n.Name() == "reverse_proxy" {
			all = append(all, n)
		} else if !strings.HasPrefix(n.Name(), "@") {
			all = append(all, passing(n.block)...)
		}
	}
	return all
}

// upstreams are the words of a reverse_proxy that are addresses.
func upstreams(n *node) (all []ownfile.Word) {
	words := n.Words[1:]
	if len(words) > 0 && matcher(words[0].Value) {
		words = words[1:]
	}
	all = append(all, words...)
	for _, x := range n.block {
		if len(x.Words) > 0 && x.Name() == "to" {
			all = append(all, x.Words[1:]...)
		}
	}
	return all
}

// conduct says what a reverse_proxy does to connections.
func (c *caddyfile) conduct(a *proxy.Adopted, n *node) error {
	why := func(at ownfile.Span, text string) {
		if a.Own.Unknown == "" {
			a.Own.Unknown = fmt.Sprintf("%v: %s", at, text)
		}
	}
	a.Laws = law.Conduct{CloseShare: 1, Idle: idleDefault, Tries: tries, DialsAside: true, Lines: 1}
	a.Words = "keeps 32 idle connections"
	policy, again := "random", ownfile.Span{}
	for _, x := range n.block {
		switch name := x.Name(); {
		case name == "transport" && x.Arg(1) != "http":
			return x.Words[min(1, len(x.Words)-1)].Mistake(fmt.Sprintf("the load reaches a backend over %s: "+
				"transport http was expected", x.Arg(1)),
				"choose another route by --set load.path=/PATH: "+
					"behind a file of your own the lab's backend speaks HTTP")
		case name == "transport":
			if err := pool(a, x); err != nil {
				return err
			}
		case name == "dynamic":
			return x.Mistake("which backends there are is not written in the file: addresses were expected",
				"write reverse_proxy HOST:PORT")
		case name == "lb_policy":
			policy = x.Arg(1)
		case name == "fail_duration", name == "lb_try_duration", name == "lb_retries":
			if x.Arg(1) != "0" && x.Arg(1) != "0s" {
				again = x.Span
			}
		case name == "header_up" && strings.EqualFold(x.Arg(1), "connection"):
			why(x.Span, "what the header Connection makes of connections")
		}
	}
	seen := map[string]bool{}
	for _, w := range upstreams(n) {
		to, err := destination(w)
		if err != nil {
			return err
		}
		seen[to] = true
		host, _ := ownfile.HostPort(to, "")
		a.Own.Loopback = a.Own.Loopback || ownfile.Loopback(host)
		c.Backend(to)
	}
	if len(seen) == 0 {
		return n.Mistake("it has no address of a backend", "reverse_proxy HOST:PORT was expected")
	}
	a.Own.Servers = len(seen)
	switch {
	case again.File != nil && a.Laws.Idle == 0:
		why(again, "what becomes of a request after a failure depends on the others")
	case len(seen) > 1 && policy == "first":
		a.Own.Servers = 1
	case len(seen) > 1 && policy != "round_robin" && a.Laws.Idle == 0:
		why(n.Span, fmt.Sprintf("lb_policy %s gives backends different shares", policy))
	}
	return nil
}

// pool reads what `transport http` says of connections.
func pool(a *proxy.Adopted, transport *node) error {
	for _, x := range transport.block {
		value := x.Words[min(1, len(x.Words)-1)]
		switch x.Name() {
		case "keepalive":
			if x.Arg(1) == "off" {
				a.Laws, a.Words = closes(), "keepalive off"
				return nil
			}
		case "keepalive_idle_conns_per_host", "keepalive_idle_conns":
			idle, err := strconv.Atoi(x.Arg(1))
			if err != nil || idle < 0 {
				return value.Mistake(fmt.Sprintf("%s %s: a number of connections was expected", x.Name(), x.Arg(1)),
					"such as 32")
			}
			if idle > 0 && (x.Name() == "keepalive_idle_conns_per_host" || idle < a.Laws.Idle) {
				a.Laws.Idle, a.Words = idle, fmt.Sprintf("keeps %d idle connections", idle)
			}
		case "versions":
			http2 := func(w ownfile.Word) bool { return w.Value == "h2c" || w.Value == "2" && len(x.Words) == 2 }
			if slices.ContainsFunc(x.Words[1:], http2) {
				return value.Mistake("the load reaches a backend over HTTP/2, and versions 1.1 was expected",
					"behind a file of your own the lab's backend speaks HTTP/1.1")
			}
		}
	}
	return nil
}

// destination is the host and port of an upstream.
func destination(w ownfile.Word) (string, error) {
	scheme, rest, ok := strings.Cut(w.Value, "://")
	if !ok {
		scheme, rest = "", w.Value
	}
	switch {
	case strings.HasPrefix(w.Value, "unix/"), strings.HasPrefix(scheme, "unix"):
		return "", w.Mistake("a Unix-domain socket takes no port, and error 99 cannot come from it",
			"name an address: HOST:PORT")
	case strings.ContainsAny(w.Value, "{}"):
		return "", w.Mistake("where the load goes is not written in the file: an address was expected, "+
			"and not a placeholder",
			"write HOST:PORT")
	case scheme == "h2c":
		return "", w.Mistake("the load reaches a backend over HTTP/2, and http:// was expected",
			"behind a file of your own the lab's backend speaks HTTP/1.1")
	case scheme != "" && scheme != "http" && scheme != "https":
		return "", w.Mistake(fmt.Sprintf("%s:// is no way to a backend that the lab has: HOST:PORT was expected",
			scheme),
			"write HOST:PORT")
	}
	host, port := ownfile.HostPort(strings.TrimSuffix(rest, "/"), map[string]string{"https": "443"}[scheme])
	if port == "" {
		port = "80"
	}
	return host + ":" + port, nil
}

// rewrite puts the lab's addresses in, and takes out what the lab sets or does not have.
func (c *caddyfile) rewrite(chosen *site, all []*node, at proxy.Site) error {
	if c.global != nil {
		c.global.whole.Replace("")
		c.global.whole.Say("the global options are the lab's")
	}
	for i, s := range c.sites {
		last := s.keys[len(s.keys)-1]
		for _, k := range s.keys {
			name := strings.TrimSuffix(strings.TrimSuffix(k.Value, ","), "/")
			if _, rest, ok := strings.Cut(name, "://"); ok {
				name = rest
			}
			if strings.Contains(name, "/") {
				return k.Mistake("a site's address with a path is not run", "put handle /PATH/* into the site")
			}
		}
		to := fmt.Sprintf("http://:%d", at.Listen.Port())
		if s != chosen {
			to = fmt.Sprintf("http://site-%d.invalid:%d", i, at.Listen.Port()) // nobody asks for it
		}
		for _, k := range s.keys[:len(s.keys)-1] {
			k.Replace("")
			k.Say("%s is taken out", k.Value)
		}
		last.Become(to)
		c.unwanted(s.body)
	}
	for _, n := range all {
		for _, w := range upstreams(n) {
			d, err := destination(w)
			if err != nil {
				continue // the load does not come there
			}
			w.Become("http://" + c.Reached(d).String())
		}
	}
	return nil
}

// unwanted takes out what stands in sites, and in what passes on.
func (c *caddyfile) unwanted(block []*node) {
	for _, n := range block {
		name := n.Name()
		switch {
		case name == "tls", name == "bind", name == "log", name == "basicauth", name == "basic_auth",
			strings.HasPrefix(name, "health_"), strings.HasPrefix(name, "tls_"):
			n.whole.Replace("")
			n.Say("%s is taken out", name)
		default:
			c.unwanted(n.block)
		}
	}
}

// global is the lab's own part, with the options of its template.
func global(at proxy.Site) []byte {
	return fmt.Appendf(nil, `# The lab's, with a configuration of the user's own behind it.
{
	admin off
	auto_https off
	storage file_system %s/caddy
	log {
		output file %s {
			roll_disabled
		}
		format json
		level ERROR
	}
	servers {
		timeouts {
			idle 2h
		}
	}
}
import %s
`, at.RunDir, at.ErrorLog, path.Join(at.Dir, confFile))
}
