package nginx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// upstream gives each server of a group an address in turn, and the last one's
// parameters to the addresses left over. A Unix-domain socket is the lab's, or
// becomes an address, which is said: it takes no port.
func (r *rewriter) upstream(group *nginxconf.Directive) {
	var last *nginxconf.Directive
	n := 0
	for _, d := range group.Block {
		if d.Name() != "server" || len(d.Words) < 2 || d.HasBlock() {
			continue
		}
		r.parameters(d)
		if to, why := r.socket(d.Arg(1)); to != "" {
			r.put(d, d.Words[1], to, why)
			continue
		}
		to, why := r.site.Backends[n%len(r.site.Backends)].String(), ""
		if strings.HasPrefix(strings.ToLower(d.Arg(1)), "unix:") {
			why = tcpForUnix
		}
		r.put(d, d.Words[1], to, why)
		last = d
		n++
	}
	if n > len(r.site.Backends) {
		r.say(group, fmt.Sprintf("upstream %s: %d servers share %d address(es), and with them the source ports: backend.addresses=%d gives each its own",
			group.Arg(1), n, len(r.site.Backends), n))
	}
	if last == nil || strings.Contains(last.Source(), "weight=") { // a share of nobody's asking
		return
	}
	for ; n < len(r.site.Backends); n++ {
		added := " server " + r.site.Backends[n].String()
		for _, w := range last.Words[2:] {
			if !slices.Contains([]string{"backup", "down", "resolve"}, w.Text) && !strings.HasPrefix(w.Text, "service=") {
				added += " " + last.Tree.Text[w.Start:w.End]
			}
		}
		r.insert(last.Tree, last.End, added+";")
		r.say(last, strings.TrimSpace(added)+" is added")
	}
}

const tcpForUnix = ": a Unix-domain socket takes no port and error 99 cannot come to it; the lab makes it TCP " +
	"(backend.place=unix keeps it a socket)"

// socket is the lab's Unix-domain socket, in place of one of the user's.
func (r *rewriter) socket(address string) (to, why string) {
	if r.site.Socket == "" || !strings.HasPrefix(strings.ToLower(address), "unix:") {
		return "", ""
	}
	return "unix:" + r.site.Socket, ""
}

// parameters takes out those that a release may not know and that a literal
// address has no use for.
func (r *rewriter) parameters(server *nginxconf.Directive) {
	for _, w := range server.Words[2:] {
		if w.Text == "resolve" || strings.HasPrefix(w.Text, "service=") {
			r.replace(server.Tree, w.Start, w.End, "")
			r.say(server, w.Text+" is taken out: the lab's addresses are written out")
		}
	}
}

// others gives passes of other protocols the lab's address: nothing answers there,
// but nginx looks names up when it starts.
func (r *rewriter) others(ds []*nginxconf.Directive) {
	for _, name := range otherPasses {
		for _, d := range all(ds, name) {
			if len(d.Words) != 2 || d.HasBlock() || strings.Contains(d.Arg(1), "$") {
				continue
			}
			scheme, host, found := strings.Cut(d.Arg(1), "://")
			if !found {
				scheme, host = "", d.Arg(1)
			} else {
				scheme += "://"
			}
			if strings.HasPrefix(strings.ToLower(host), "unix:") || slices.Contains(r.upstreams, strings.ToLower(host)) {
				continue
			}
			r.word(d, d.Words[1], scheme+r.site.Backends[0].String(), ": it is not under load")
		}
	}
}

var otherPasses = []string{"grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass"}

// passes rewrites every proxy_pass below.
func (r *rewriter) passes(ds []*nginxconf.Directive) {
	for _, d := range all(ds, "proxy_pass") {
		if len(d.Words) != 2 || d.HasBlock() {
			continue
		}
		to, why, ok := r.url(d.Arg(1))
		switch {
		case !ok && r.hostVariable(d):
			// Its values get the address and the port: values.go.
		case !ok && strings.Contains(d.Arg(1), "$"):
			// The values of the variable may name backends: values.go.
		case !ok:
			r.left = append(r.left, fmt.Sprintf("%s in line %d", d.Source(), d.Line))
			r.say(d, d.Source()+" is left as it is: its address is not written out")
		case to != d.Arg(1):
			r.put(d, d.Words[1], to, why)
		default:
			r.substituted++ // its group has the address
		}
	}
}

// portOnlyRE is a host that is written out, before a port that is not.
var portOnlyRE = regexp.MustCompile(`^[^$]+:\$(?:\w+|\{\w+\})$`)

// A hostUse is a pass that has a variable for its host, and whether a port stands
// behind it: then nginx takes no value for the name of a group.
type hostUse struct {
	pass *nginxconf.Directive
	port bool
}

// withPort says whether a port stands behind the value that a directive sets, in
// the passes of its own block, or where it has none, as a map, in all.
func withPort(uses []hostUse, set *nginxconf.Directive) bool {
	from, to := 0, 0
	for _, d := range set.Tree.Root {
		from, to = around(d, set, from, to)
	}
	near := func(u hostUse) bool { return u.pass.Tree == set.Tree && from <= u.pass.Start && u.pass.End <= to }
	some := slices.ContainsFunc(uses, near)
	return !slices.ContainsFunc(uses, func(u hostUse) bool { return !u.port && (!some || near(u)) })
}

// around is the innermost block that a directive stands in.
func around(in, d *nginxconf.Directive, from, to int) (int, int) {
	if !in.HasBlock() || d.Start < in.Open || d.End > in.End {
		return from, to
	}
	from, to = in.Start, in.End
	for _, x := range in.Block {
		from, to = around(x, d, from, to)
	}
	return from, to
}

// hostVariableRE is a pass whose host is a variable: scheme, variable, port, rest.
var hostVariableRE = regexp.MustCompile(`^(\w+|\$\w+|\$\{\w+\})://(\$(?:\w+|\{\w+\}))(:(?:\d+|\$\w+|\$\{\w+\}))?((?:[/?$].*)?)$`)

// hostVariable finds the variable that is the host of a pass, where the file sets
// it: its values become the lab's addresses, with their ports. A port behind it
// and a variable before it are taken out.
func (r *rewriter) hostVariable(d *nginxconf.Directive) bool {
	m := hostVariableRE.FindStringSubmatch(d.Arg(1))
	if m == nil {
		return false
	}
	name := variables(m[2])[0]
	if !r.defines(name) {
		return false
	}
	r.hosts[name] = append(r.hosts[name], hostUse{d, m[3] != ""})
	if m[3] != "" || strings.Contains(m[1], "$") {
		r.word(d, d.Words[1], r.scheme()+"://"+m[2]+m[4], ": the lab's addresses have their ports")
	}
	return true
}

// scheme is what the backend speaks.
func (r *rewriter) scheme() string {
	if r.v.Backend.Secure() {
		return "https"
	}
	return "http"
}

// url puts the lab's address into a URL that a request is passed to. What stands
// behind the host stays, variables too. It is not ok where the host itself is not
// written out.
func (r *rewriter) url(url string) (to, why string, ok bool) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") && !variableOnly(scheme) {
		return "", "", false
	}
	scheme = r.scheme()
	target, uri := nginxconf.CutURI(url)
	host := target[len(url)-len(rest):]
	switch {
	case host == "" || strings.Contains(host, "$") && !portOnlyRE.MatchString(host):
		return "", "", false
	case strings.HasPrefix(strings.ToLower(host), "unix:"):
		if s, _ := r.socket(host); s != "" {
			if uri != "" || strings.HasPrefix(rest[len(host):], ":") {
				s += ":"
			}
			return scheme + "://" + s + uri, "", true
		}
		return scheme + "://" + r.bare() + uri, tcpForUnix, true
	case slices.Contains(r.upstreams, strings.ToLower(host)):
		return scheme + "://" + host + uri, "", true
	}
	return scheme + "://" + r.bare() + uri, "", true
}

// variableOnly says whether a text is one variable.
func variableOnly(s string) bool {
	names := variables(s)
	return len(names) == 1 && (s == "$"+names[0] || s == "${"+names[0]+"}")
}

// bare is what stands in place of a host that no group has.
func (r *rewriter) bare() string {
	if len(r.site.Backends) == 1 {
		return r.site.Backends[0].String()
	}
	if r.group == "" {
		for r.group = "lab99"; slices.Contains(r.upstreams, r.group); {
			r.group += "_"
		}
	}
	return r.group
}

// put replaces a word that names a backend.
func (r *rewriter) put(d *nginxconf.Directive, w nginxconf.Word, to, why string) {
	r.substituted++
	r.word(d, w, to, why)
}
