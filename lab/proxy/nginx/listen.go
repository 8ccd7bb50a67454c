package nginx

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// servers moves the server blocks to the addresses they can have in the lab. One
// gets the lab's requests, and with it those that pass requests on at one of its
// ports, so that nginx chooses by name as it did. Others go to sockets in the lab's
// run directory, out of the way: at a port of its own a server may have the same
// name, as where one redirects to the other.
func (r *rewriter) servers() {
	if r.conf.Fragment == "server" || r.conf.Fragment == "location" { // it is wrapped
		for _, d := range r.all("listen") {
			r.remove(d, "")
		}
		return
	}
	passing := map[*nginxconf.Server]bool{}
	for _, x := range r.written() {
		passing[x.Server] = passing[x.Server] || x.Pass.Name() == "proxy_pass"
	}
	loaded, aside := r.loaded(passing), 0
	for _, s := range r.conf.Servers() {
		to := r.site.Listen.String()
		switch {
		case s == loaded:
			to += " default_server"
		case !passing[s] || !meet(s, loaded):
			aside++
			to = fmt.Sprintf("unix:%s/aside-%d.sock", r.site.RunDir, aside)
		}
		r.listen(s.Directive, to)
	}
}

// meet says whether two servers listen at the same port.
func meet(a, b *nginxconf.Server) bool {
	return slices.ContainsFunc(a.Listens, func(l nginxconf.Listen) bool {
		return slices.ContainsFunc(b.Listens, func(m nginxconf.Listen) bool { return l.Port == m.Port && l.Port != 0 })
	})
}

// inner says whether no client from elsewhere reaches a server.
func inner(s *nginxconf.Server) bool {
	return !slices.ContainsFunc(s.Listens, func(l nginxconf.Listen) bool {
		a, err := netip.ParseAddr(strings.Trim(l.Address, "[]"))
		return l.Port != 0 && l.Address != "localhost" && (err != nil || !a.IsLoopback())
	})
}

// loaded is the server that gets the load, of those that clients reach from
// elsewhere where there are any: that of load.host which passes load.path
// on, else any of load.host, else the first that passes load.path on, a default
// server before others, else the first that passes anything on.
func (r *rewriter) loaded(passing map[*nginxconf.Server]bool) *nginxconf.Server {
	host, _, _ := strings.Cut(r.v.Load.Host, ":")
	byDefault := func(s *nginxconf.Server) bool {
		return slices.ContainsFunc(s.Listens, func(l nginxconf.Listen) bool { return l.Default })
	}
	// Who gets a host is asked once a port: there may be thousands of servers.
	at := map[int]nginxconf.Answer{}
	takes := func(s *nginxconf.Server) bool {
		q := nginxconf.Request{
			Path:   r.v.Load.Path,
			Method: r.v.Load.Method,
			Host:   cmp.Or(host, s.Names[0]),
			Port:   s.Listens[0].Port,
		}
		if s.Listens[0].TLS {
			q.Scheme = "https"
		}
		if host == "" {
			return passing[s] && r.conf.SelectAt(nginxconf.Release{}, s, q).Kind == nginxconf.AnswerRoute
		}
		a, asked := at[q.Port]
		if !asked {
			a = r.conf.Select(nginxconf.Release{}, q)
			at[q.Port] = a
		}
		return a.Kind == nginxconf.AnswerRoute && a.Server == s
	}
	named := func(s *nginxconf.Server) bool {
		return host != "" && slices.ContainsFunc(s.Names, func(n string) bool { return strings.EqualFold(n, host) })
	}
	all := r.conf.Servers()
	servers := slices.DeleteFunc(slices.Clone(all), inner)
	for _, s := range all { // last, those that no client from elsewhere reaches
		if inner(s) {
			servers = append(servers, s)
		}
	}
	for _, fits := range []func(*nginxconf.Server) bool{
		func(s *nginxconf.Server) bool { return named(s) && takes(s) },
		named,
		func(s *nginxconf.Server) bool { return host != "" && !byDefault(s) && takes(s) }, // by a wildcard
		func(s *nginxconf.Server) bool { return byDefault(s) && takes(s) },
		takes,
		func(s *nginxconf.Server) bool { return byDefault(s) && passing[s] },
		func(s *nginxconf.Server) bool { return passing[s] },
	} {
		if i := slices.IndexFunc(servers, fits); i >= 0 {
			return servers[i]
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
