package nginx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// servers moves the server blocks to the addresses they can have in the lab. One
// gets the lab's requests: that of load.host, else the first that passes load.path
// on, a default server before others, else the first that passes anything on. A
// server that passes nothing on goes to a socket in the lab's run directory, out
// of the way.
func (r *rewriter) servers() {
	if r.conf.Fragment == "server" || r.conf.Fragment == "location" { // it is wrapped
		for _, d := range r.all("listen") {
			r.remove(d, "")
		}
		return
	}
	var passing, aside []*nginxconf.Server
	routes := r.conf.Routes(nginxconf.Release{})
	for _, s := range r.conf.Servers() {
		if slices.ContainsFunc(routes, func(x *nginxconf.Route) bool { return x.Server == s && x.Pass.Name() == "proxy_pass" }) {
			passing = append(passing, s)
		} else {
			aside = append(aside, s)
		}
	}
	for i, s := range aside {
		r.listen(s.Directive, fmt.Sprintf("unix:%s/aside-%d.sock", r.site.RunDir, i+1))
	}
	loaded := r.loaded(passing)
	for _, s := range passing {
		to := r.site.Listen.String()
		if s == loaded {
			to += " default_server"
		}
		r.listen(s.Directive, to)
	}
}

// loaded is the server that gets the load.
func (r *rewriter) loaded(passing []*nginxconf.Server) *nginxconf.Server {
	byDefault := func(s *nginxconf.Server) bool {
		return slices.ContainsFunc(s.Listens, func(l nginxconf.Listen) bool { return l.Default })
	}
	takes := func(s *nginxconf.Server) bool {
		q := nginxconf.Request{Path: r.v.Load.Path, Method: r.v.Load.Method, Host: s.Names[0], Port: s.Listens[0].Port}
		if s.Listens[0].TLS {
			q.Scheme = "https"
		}
		a := r.conf.Select(nginxconf.Release{}, q)
		return a.Kind == nginxconf.AnswerRoute && a.Server == s
	}
	named := func(s *nginxconf.Server) bool {
		return r.v.Load.Host != "" && slices.ContainsFunc(s.Names, func(n string) bool { return strings.EqualFold(n, r.v.Load.Host) })
	}
	for _, fits := range []func(*nginxconf.Server) bool{
		named, func(s *nginxconf.Server) bool { return byDefault(s) && takes(s) }, takes, byDefault,
		func(*nginxconf.Server) bool { return true },
	} {
		if i := slices.IndexFunc(passing, fits); i >= 0 {
			return passing[i]
		}
	}
	return nil
}

// listen leaves a server block one listen directive. One in a file that it
// includes, as others may too, is none.
func (r *rewriter) listen(server *nginxconf.Directive, to string) {
	done := false
	for _, d := range inside(server) {
		switch {
		case d.Name() != "listen" || d.HasBlock():
		case done || d.Tree != server.Tree:
			r.remove(d, "")
		default:
			r.replace(d.Tree, d.Start, d.End, "listen "+to+";")
			r.say(d, d.Source()+" becomes listen "+to)
			done = true
		}
	}
	if !done {
		r.insert(server.Tree, server.Open, " listen "+to+";")
		r.say(server, "listen "+to+" is added")
	}
}
