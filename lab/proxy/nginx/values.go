package nginx

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// values rewrites the addresses that variables have which name the backend of a
// pass: of set, and of map, geo and split_clients.
func (r *rewriter) values() {
	in := map[string]part{}
	for _, d := range r.all("proxy_pass") {
		r.passed(d, in)
	}
	r.eachValue(in, func(d *nginxconf.Directive, w nginxconf.Word, p part) {
		to, why, url := r.url(w.Text)
		switch {
		case url && to != w.Text:
			r.put(d, w, to, why)
		case url:
			r.substituted++
		case r.isHost(w.Text, p):
			r.put(d, w, r.bare(), "")
		case p >= host:
			r.dropPort(d, w)
		}
	})
}

// part is what a variable is of the backend that a pass names.
type part uint8

const (
	some   part = iota // a part of the host, or a URL
	host               // the whole host
	ported             // the host before a port, which is no group's name then
)

// passed adds the variables that name the backend of a pass.
func (r *rewriter) passed(d *nginxconf.Directive, in map[string]part) {
	target, _ := nginxconf.CutURI(d.Arg(1))
	r.name(d, target, host, in)
}

// name adds the variables in what names a backend, or in a value that does.
func (r *rewriter) name(d *nginxconf.Directive, target string, p part, in map[string]part) {
	for _, v := range variables(target) {
		in[v] = max(in[v], some)
	}
	if m := wholeRE.FindStringSubmatch(target); m != nil && p >= host {
		v, use := variables(m[2])[0], hostUse{d, m[3] != "" || p == ported}
		in[v] = host
		if !slices.Contains(r.hosts[v], use) {
			r.hosts[v] = append(r.hosts[v], use)
		}
	}
}

// wholeRE is a target that has one variable for its host: scheme, variable, port.
var wholeRE = regexp.MustCompile(`^(?:(\w+|\$\w+|\$\{\w+\})://)?(\$(?:\w+|\{\w+\}))(:(?:\d+|\$\w+|\$\{\w+\}))?$`)

// dropPort takes the port off a variable whose values become the lab's addresses,
// as these have their ports, and writes out a scheme that is a variable too.
func (r *rewriter) dropPort(d *nginxconf.Directive, w nginxconf.Word) bool {
	target, uri := nginxconf.CutURI(w.Text)
	m := wholeRE.FindStringSubmatch(target)
	if m == nil || m[3] == "" && !strings.Contains(m[1], "$") || !r.knows(map[string]part{variables(m[2])[0]: host}) {
		return false
	}
	to := m[2] + uri
	if m[1] != "" {
		to = r.scheme() + "://" + to
	}
	r.word(d, w, to, ": the lab's addresses have their ports")
	return true
}

// knows says whether the file gives any of these variables a value that names a
// backend.
func (r *rewriter) knows(in map[string]part) (known bool) {
	r.eachValue(in, func(_ *nginxconf.Directive, w nginxconf.Word, p part) {
		_, _, url := r.url(w.Text)
		known = known || url || p >= host && hostPortRE.MatchString(w.Text)
	})
	return known
}

func (r *rewriter) isGroup(s string) bool { return slices.Contains(r.upstreams, strings.ToLower(s)) }

// defines says whether the file gives a variable a value.
func (r *rewriter) defines(name string) (found bool) {
	r.eachValue(map[string]part{strings.ToLower(name): some}, func(*nginxconf.Directive, nginxconf.Word, part) {
		found = true
	})
	return found
}

// isHost says whether a value is a host that is written out, and no group's name.
func (r *rewriter) isHost(s string, p part) bool {
	return p >= host && hostPortRE.MatchString(s) && (p == ported || !r.isGroup(s))
}

// binds gives the source addresses of proxy_bind to the lab's.
func (r *rewriter) binds() {
	in := map[string]part{}
	for _, d := range r.all("proxy_bind") {
		switch {
		case len(d.Words) < 2 || d.Arg(1) == "off":
		case slices.ContainsFunc(d.Args(), func(w nginxconf.Word) bool { return w.Text == "transparent" }):
			r.remove(d, ": transparent proxying needs routes that the lab does not have")
		case strings.Contains(d.Arg(1), "$"):
			for _, name := range variables(d.Arg(1)) {
				in[name] = some
			}
		default:
			r.word(d, d.Words[1], r.source(d.Arg(1)), "")
		}
	}
	r.eachValue(in, func(d *nginxconf.Directive, w nginxconf.Word, _ part) {
		if _, err := netip.ParseAddr(w.Text); err == nil {
			r.word(d, w, r.source(w.Text), "")
		}
	})
}

// source is the lab's address in place of one of the file's: each has its own, as
// far as there are several.
func (r *rewriter) source(address string) string {
	if to := r.sources[address]; to != "" {
		return to
	}
	to := r.site.Listen.Addr().String()
	if n := len(r.site.Sources); n > 0 {
		to = r.site.Sources[len(r.sources)%n].String()
	}
	r.sources[address] = to
	return to
}

// eachValue visits what variables of these names, in lower case, are set to, and
// those that their values name.
func (r *rewriter) eachValue(in map[string]part, visit func(*nginxconf.Directive, nginxconf.Word, part)) {
	in = maps.Clone(in)
	done := map[*nginxconf.Directive]bool{}
	value := func(d *nginxconf.Directive, w nginxconf.Word, v string) bool {
		if done[d] {
			return false
		}
		done[d] = true
		p := in[v]
		if p == host && withPort(r.hosts[v], d) {
			p = ported
		}
		r.name(d, w.Text, p, in)
		visit(d, w, p)
		return true
	}
	for again := true; again; {
		again = false
		for _, d := range r.all("set") {
			v := variable(d.Arg(1))
			if _, ok := in[v]; ok && len(d.Words) == 3 {
				again = value(d, d.Words[2], v) || again
			}
		}
		for _, kind := range []string{"map", "geo", "split_clients"} {
			for _, d := range r.blocks(kind) {
				v := variable(d.Words[len(d.Words)-1].Text)
				_, ok := in[v]
				for _, entry := range inside(d) {
					if ok && len(entry.Words) == 2 && !(kind == "geo" && slices.Contains(geoSettings, entry.Name())) {
						again = value(entry, entry.Words[1], v) || again
					}
				}
			}
		}
	}
}

// geoSettings are entries of geo that give no value.
var geoSettings = []string{"proxy", "delete"}

// variable is a variable's name, which nginx looks up in lower case.
func variable(s string) string { return strings.ToLower(strings.TrimPrefix(s, "$")) }

var variableRE = regexp.MustCompile(`\$(?:\{(\w+)\}|(\w+))`)

func variables(s string) (names []string) {
	for _, m := range variableRE.FindAllStringSubmatch(s, -1) {
		names = append(names, strings.ToLower(m[1]+m[2]))
	}
	return names
}

// hostPortRE is a host that is written out, with a port that may be a variable.
var hostPortRE = regexp.MustCompile(`^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(?:\d+|\$\w+|\$\{\w+\}))?$`)
