package nginx

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// values rewrites the addresses that variables have which a pass names: of set,
// and of map, geo and split_clients.
func (r *rewriter) values() {
	in := map[string]bool{}
	for _, t := range r.conf.Files {
		for _, d := range all(t.Root, "proxy_pass") {
			for _, name := range variables(d.Arg(1)) {
				in[name] = true
			}
		}
	}
	hosts := map[*nginxconf.Directive]bool{}
	for name, uses := range r.hosts {
		r.eachValue(map[string]bool{name: true}, func(d *nginxconf.Directive, w nginxconf.Word) {
			if hostPortRE.MatchString(w.Text) && (withPort(uses, d) || !slices.Contains(r.upstreams, strings.ToLower(w.Text))) {
				hosts[d] = true
			}
		})
	}
	r.eachValue(in, func(d *nginxconf.Directive, w nginxconf.Word) {
		if hosts[d] {
			r.put(d, w, r.bare(), "")
			return
		}
		if strings.Contains(w.Text, "://") {
			if to, why, ok := r.url(w.Text); ok && to != w.Text {
				r.put(d, w, to, why)
			} else if ok {
				r.substituted++
			}
			return
		}
		if hostPort(w.Text) && !slices.Contains(r.upstreams, strings.ToLower(w.Text)) {
			r.put(d, w, r.bare(), "")
		}
	})
}

// binds gives the source addresses of proxy_bind to the lab's.
func (r *rewriter) binds() {
	in := map[string]bool{}
	for _, t := range r.conf.Files {
		for _, d := range all(t.Root, "proxy_bind") {
			switch {
			case len(d.Words) < 2 || d.Arg(1) == "off":
			case slices.ContainsFunc(d.Args(), func(w nginxconf.Word) bool { return w.Text == "transparent" }):
				r.remove(d, ": transparent proxying needs routes that the lab does not have")
			case strings.Contains(d.Arg(1), "$"):
				for _, name := range variables(d.Arg(1)) {
					in[name] = true
				}
			default:
				r.word(d, d.Words[1], r.source(d.Arg(1)), "")
			}
		}
	}
	r.eachValue(in, func(d *nginxconf.Directive, w nginxconf.Word) {
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

// eachValue visits what variables of these names are set to, and those that their
// values name.
func (r *rewriter) eachValue(in map[string]bool, visit func(*nginxconf.Directive, nginxconf.Word)) {
	done := map[*nginxconf.Directive]bool{}
	value := func(d *nginxconf.Directive, w nginxconf.Word) bool {
		if done[d] {
			return false
		}
		done[d] = true
		for _, name := range variables(w.Text) {
			in[name] = true
		}
		visit(d, w)
		return true
	}
	for again := true; again; {
		again = false
		for _, t := range r.conf.Files {
			for _, d := range all(t.Root, "set") {
				if len(d.Words) == 3 && in[strings.TrimPrefix(d.Arg(1), "$")] {
					again = value(d, d.Words[2]) || again
				}
			}
			for _, kind := range []string{"map", "geo", "split_clients"} {
				for _, d := range blocks(t.Root, kind) {
					if !in[strings.TrimPrefix(d.Words[len(d.Words)-1].Text, "$")] {
						continue
					}
					for _, entry := range d.Block {
						if len(entry.Words) == 2 && entry.Name() != "include" {
							again = value(entry, entry.Words[1]) || again
						}
					}
				}
			}
		}
	}
}

// defines says whether the file gives a variable its value.
func (r *rewriter) defines(name string) (found bool) {
	r.eachValue(map[string]bool{name: true}, func(*nginxconf.Directive, nginxconf.Word) { found = true })
	return found
}

var variableRE = regexp.MustCompile(`\$(?:\{(\w+)\}|(\w+))`)

func variables(s string) (names []string) {
	for _, m := range variableRE.FindAllStringSubmatch(s, -1) {
		names = append(names, m[1]+m[2])
	}
	return names
}

var hostPortRE = regexp.MustCompile(`^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::\d+)?$`)

// hostPort says whether a value can be the host of a pass: with a port, or a name
// or address with a dot in it.
func hostPort(s string) bool {
	return hostPortRE.MatchString(s) && (strings.ContainsAny(s, ".:") || s == "localhost")
}
