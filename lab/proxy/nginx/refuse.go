package nginx

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// supported says whether the lab has a backend for the route that the load takes.
func (r *rewriter) supported() error {
	lab, err := r.rewritten()
	if err != nil {
		return err
	}
	for _, f := range lab.Findings(nginxconf.Release{}) {
		if f.ID == "nginx-refuses" && f.Directive != nil {
			return r.mistake(r.asWritten(f.Directive), f.Text, f.Fix)
		}
	}
	if d, name := r.placeholder(lab); d != nil {
		return r.mistake(r.asWritten(d), "${"+name+"} is not filled in: the file is a template",
			fillIn)
	}
	a := lab.Select(nginxconf.Release{}, request(r.v, r.site))
	if a.Kind == nginxconf.AnswerRoute && a.Routes[0].Pass.Name() == "proxy_pass" && !r.reached(a.Routes[0]) {
		pass := r.asWritten(a.Routes[0].Pass)
		return r.mistake(pass, pass.Source()+" gets this load, and its address is not written out: "+
			"the lab cannot put its backend there",
			"write the backend out in a copy, or load another path: `lab99 lint` lists the routes")
	}
	if a.Kind != nginxconf.AnswerRoute || a.Routes[0].Pass.Name() == "proxy_pass" {
		return nil
	}
	return r.unsupported(a.Routes[0].Pass)
}

var placeholderRE = regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*)\}`)

// upperRE is a variable of a name that nginx itself has none of.
var upperRE = regexp.MustCompile(`\$\{?[A-Z][A-Z0-9_]*\b\}?`)

const fillIn = "fill it in first, with envsubst, or take the output of nginx -T where it runs"

// placeholder is a directive with a variable that the file does not set and that
// cannot be one of nginx's, whose names are in lower case. nginx refuses it, save
// as a name of a server.
func (r *rewriter) placeholder(lab *nginxconf.Config) (at *nginxconf.Directive, name string) {
	var look func([]*nginxconf.Directive)
	look = func(ds []*nginxconf.Directive) {
		for _, d := range ds {
			for _, w := range d.Words {
				if m := placeholderRE.FindStringSubmatch(w.Text); m != nil && at == nil && d.Name() != "server_name" &&
					!r.defines(m[1]) {
					at, name = d, m[1]
				}
			}
			look(d.Block)
		}
	}
	for _, t := range lab.Files {
		look(t.Root)
	}
	return at, name
}

// reached says whether a route of the rewritten configuration leads to the lab's
// backend. A group does: its servers are.
func (r *rewriter) reached(route *nginxconf.Route) bool {
	u := route.Upstream
	if u == nil || route.Unknown != "" {
		return false
	}
	return u.Directive != nil || !slices.ContainsFunc(u.Peers, func(p nginxconf.Peer) bool {
		lab := func(a netip.AddrPort) bool { return a.String() == p.Destination() }
		return !p.Unix && !slices.ContainsFunc(r.site.Backends, lab)
	})
}

// unsupported is the error for a pass of another protocol.
func (r *rewriter) unsupported(pass *nginxconf.Directive) error {
	pass = r.asWritten(pass)
	return r.mistake(pass, pass.Source()+" is not supported: the lab's backend speaks HTTP/1.1",
		"`lab99 lint` and `lab99 predict --config` say what such a route does to ports")
}

// nothingToPut says why the file has no place for a backend's address.
func (r *rewriter) nothingToPut() error {
	if other := r.otherPasses(); len(other) > 0 {
		return r.unsupported(other[0])
	}
	for _, f := range r.conf.Findings(nginxconf.Release{}) {
		if f.ID == "nginx-refuses" && f.Directive != nil {
			return r.mistake(f.Directive, f.Text, f.Fix)
		}
	}
	for _, d := range r.all("proxy_pass") {
		if name := upperRE.FindString(d.Arg(1)); name != "" {
			return r.mistake(d, name+" is not filled in: the file is a template", fillIn)
		}
	}
	if len(r.written()) == 0 {
		hint := "`lab99 lint` says who answers"
		if len(r.left) > 0 {
			hint += "; this file has " + strings.Join(r.left, ", ") +
				": put it beside this file, or use the output of nginx -T"
		}
		return r.file.Mistake(r.firstServer(), "nothing in it passes requests on to a backend", hint)
	}
	for _, x := range r.written() {
		if x.Server.Stream {
			return r.mistake(x.Pass, "servers of stream{} are not supported: the lab's load is HTTP",
				"`lab99 lint` and `lab99 predict --config` say what they do to ports")
		}
	}
	hint := "the lab rewrites `proxy_pass http://HOST[:PORT]`, the `server HOST[:PORT]` of upstream blocks and " +
		"addresses in the values of variables"
	if len(r.left) > 0 {
		hint += "; this file has " + strings.Join(r.left, ", ") + ": write the backend out in this file"
	}
	return r.file.Mistake(r.firstServer(), "no backend address found to put the lab's in place of", hint)
}

// firstServer is the offset of what an error about no single line points at.
func (r *rewriter) firstServer() int {
	for _, name := range []string{"server", "http"} {
		for _, d := range all(r.main().Root, name) {
			if d.HasBlock() {
				return d.Start
			}
		}
	}
	return 0
}

// mistake is an error at a directive, in whatever file it stands.
func (r *rewriter) mistake(d *nginxconf.Directive, msg, hint string) error {
	if d.Tree == r.main() && d.Tree.DumpLines == 0 {
		return r.file.Mistake(d.Start, msg, hint)
	}
	return &scenarios.Error{File: d.Tree.Name, Line: d.Line, Column: d.Column(), Msg: msg, Hint: hint}
}
