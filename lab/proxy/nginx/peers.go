package nginx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// upstream gives each server of a group an address in turn, those that get requests
// first, and addresses left over to servers like the last of them. Where there are
// weights, a further server would take a share that nobody asked for. A Unix-domain
// socket is the lab's, or becomes an address, which is said: it takes no port.
func (r *rewriter) upstream(group *nginxconf.Directive) {
	var servers []*nginxconf.Directive
	for _, d := range inside(group) {
		if d.Name() == "server" && len(d.Words) > 1 && !d.HasBlock() {
			servers = append(servers, d)
		}
	}
	slices.SortStableFunc(servers, func(a, b *nginxconf.Directive) int { return rank(a) - rank(b) })
	var last *nginxconf.Directive
	n, sharing, weights := 0, 0, false
	for _, d := range servers {
		r.parameters(d)
		weights = weights || has(d, "weight=")
		if to, why := r.socket(d.Arg(1)); to != "" {
			r.put(d, d.Words[1], to, why)
			continue
		}
		to, why := r.site.Backends[n%len(r.site.Backends)].String(), ""
		if strings.HasPrefix(strings.ToLower(d.Arg(1)), "unix:") {
			why = tcpForUnix
		}
		r.put(d, d.Words[1], to, why)
		n++
		if rank(d) < down {
			sharing = n
		}
		if rank(d) == up {
			last = d
		}
	}
	if sharing > len(r.site.Backends) {
		r.say(group, fmt.Sprintf("upstream %s: %d servers share %d address(es), and with them the source ports: "+
			"backend.addresses=%[2]d gives each its own",
			group.Arg(1), sharing, len(r.site.Backends)))
	}
	if last == nil || weights {
		return
	}
	tree, at := last.Tree, last.End
	if tree != group.Tree { // other groups may include it too
		tree, at = group.Tree, group.Close
	}
	for ; n < len(r.site.Backends); n++ {
		added := " server " + r.site.Backends[n].String()
		for _, w := range last.Words[2:] {
			if w.Text != "resolve" && !strings.HasPrefix(w.Text, "service=") {
				added += " " + last.Tree.Text[w.Start:w.End]
			}
		}
		r.insert(tree, at, added+";")
		r.say(last, strings.TrimSpace(added)+" is added")
	}
}

// The ranks of servers: those that get requests, those that get them when the others
// have failed, and those that get none.
const (
	up = iota
	backup
	down
)

func rank(server *nginxconf.Directive) int {
	switch {
	case has(server, "down"):
		return down
	case has(server, "backup"):
		return backup
	}
	return up
}

// has says whether a server has a parameter that begins so.
func has(server *nginxconf.Directive, prefix string) bool {
	return slices.ContainsFunc(server.Words[2:], func(w nginxconf.Word) bool {
		return strings.HasPrefix(w.Text, prefix)
	})
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
func (r *rewriter) others() {
	for _, d := range r.otherPasses() {
		if len(d.Words) != 2 || d.HasBlock() || strings.Contains(d.Arg(1), "$") {
			continue
		}
		scheme, host, found := nginxconf.CutScheme(d.Arg(1))
		if found {
			scheme += "://"
		}
		if strings.HasPrefix(strings.ToLower(host), "unix:") || r.isGroup(host) {
			continue
		}
		r.word(d, d.Words[1], scheme+r.site.Backends[0].String(), ": it is not under load")
	}
}

// otherPasses are the passes of other protocols than HTTP.
func (r *rewriter) otherPasses() (found []*nginxconf.Directive) {
	for _, name := range nginxconf.Passes() {
		if name != "proxy_pass" {
			found = append(found, r.all(name)...)
		}
	}
	return found
}

// passes rewrites every proxy_pass.
func (r *rewriter) passes() {
	for _, d := range r.all("proxy_pass") {
		if len(d.Words) != 2 || d.HasBlock() {
			continue
		}
		to, why, ok := r.url(d.Arg(1))
		switch {
		case ok && to != d.Arg(1):
			r.put(d, d.Words[1], to, why)
		case ok:
			r.substituted++ // its group has the address
		case r.inGroup(d):
			r.substituted++
		case r.dropPort(d, d.Words[1]):
			// Its values get the port as well: values.go.
		default:
			in := map[string]part{}
			if r.passed(d, in); r.knows(in) {
				continue // values.go
			}
			r.left = append(r.left, fmt.Sprintf("%s in line %d", d.Source(), d.Line))
			r.say(d, d.Source()+" is left as it is: its address is not written out")
		}
	}
}

// portOnlyRE is a host that is written out, before a port that is not.
var portOnlyRE = regexp.MustCompile(`^[^$]+:\$(?:\w+|\{\w+\})$`)

// A hostUse is a pass, or a value of another variable, that has a variable for its host, and whether a port stands
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
	if len(uses) == 0 {
		return false
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
	case r.isGroup(host):
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
