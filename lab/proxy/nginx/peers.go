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

// passes rewrites every proxy_pass below.
func (r *rewriter) passes(ds []*nginxconf.Directive) {
	for _, d := range all(ds, "proxy_pass") {
		if len(d.Words) != 2 || d.HasBlock() {
			continue
		}
		to, why, ok := r.url(d.Arg(1))
		switch {
		case !ok && r.variablePort(d):
			// Its values get the port as well: values.go.
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

var variablePortRE = regexp.MustCompile(`^(\w+://\$(?:\w+|\{\w+\})):\d+(.*)$`)

// variablePort takes the port off a variable that the file sets, as its values
// become the lab's addresses, with their ports.
func (r *rewriter) variablePort(d *nginxconf.Directive) bool {
	m := variablePortRE.FindStringSubmatch(d.Arg(1))
	if m == nil || !r.defines(variables(m[1])[0]) {
		return false
	}
	r.word(d, d.Words[1], m[1]+m[2], ": the lab's addresses have their ports")
	return true
}

// url puts the lab's address into a URL that a request is passed to. What stands
// behind the host stays, variables too. It is not ok where the host itself is not
// written out.
func (r *rewriter) url(url string) (to, why string, ok bool) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") || strings.Contains(scheme, "$") {
		return "", "", false
	}
	if !r.v.Backend.Secure() {
		scheme = "http"
	}
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
