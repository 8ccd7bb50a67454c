package nginxconf

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// settings reads what the pass's module is told besides.
func (m *model) settings(r *Route, e *env) {
	prefix, _ := cutPass(r.Pass)
	r.Bind = r.bind(prefix, e)
	r.retries(prefix)
	if d := r.block.find(prefix + "_cache"); d != nil && d.Arg(1) != "off" && !r.Server.Stream &&
		!r.block.always(prefix+"_cache_bypass") && !r.block.always(prefix+"_no_cache") {
		r.Cache = &Cache{Directive: d, Zone: d.Arg(1)}
		if d := r.block.find(prefix + "_cache_use_stale"); d != nil &&
			slices.ContainsFunc(d.Args(), func(w Word) bool { return w.Text == "error" }) {
			r.Stale = d
		}
	}
	if !r.Server.Stream {
		m.errorPages(r)
	}
	for _, name := range []string{"limit_conn", "limit_req", prefix + "_limit_rate"} {
		r.Limits = append(r.Limits, r.block.array(name)...)
	}
}

// always says whether a directive whose values are conditions holds for every request.
func (b *block) always(name string) bool {
	return slices.ContainsFunc(b.array(name), func(d *Directive) bool {
		return slices.ContainsFunc(d.Args(), func(w Word) bool {
			return constant(w.Text) && w.Text != "" && w.Text != "0"
		})
	})
}

// cutPass is a pass without "_pass": the module's name, which its directives
// begin with.
func cutPass(d *Directive) (string, bool) { return strings.CutSuffix(d.Name(), "_pass") }

func (r *Route) bind(prefix string, e *env) Bind {
	d := r.block.find(prefix + "_bind")
	if d == nil || d.Arg(1) == "off" {
		return Bind{Known: true}
	}
	b := Bind{Directive: d, Transparent: d.Arg(2) == "transparent"}
	text, ports := strings.CutSuffix(d.Arg(1), ":$remote_port")
	b.Ports = ports
	v := e.eval(text)
	b.Known, b.Shares, b.By = !v.open, v.shares, v.by
	for _, s := range v.list {
		address, port := splitPort(s, 0)
		if strings.Count(s, ":") > 1 && !strings.HasPrefix(s, "[") { // an IPv6 address without a port
			address, port = s, 0
		}
		if address == "off" {
			address = ""
		}
		b.Ports = b.Ports || port > 0
		if !slices.Contains(b.Addresses, address) {
			b.Addresses = append(b.Addresses, address)
		}
	}
	if len(b.Shares) != len(b.Addresses) {
		b.Shares = nil
	}
	return b
}

func (r *Route) retries(prefix string) {
	d := r.block.find(prefix + "_next_upstream")
	r.Retry = Retry{Directive: d, On: true}
	if d != nil {
		r.Retry.On = slices.ContainsFunc(d.Args(), func(w Word) bool { return w.Text == "error" || w.Text == "on" })
	}
	r.Retry.Tries, _ = strconv.Atoi(r.block.value(prefix+"_next_upstream_tries", "0"))
	if r.Upstream == nil {
		return
	}
	n := 0 // a socket never lacks a port
	for _, p := range r.Upstream.Peers {
		if !p.Down && (!p.Unix || !r.Ports()) {
			n++
		}
	}
	if !r.Retry.On {
		n = min(n, 1)
	}
	if r.Retry.Tries > 0 {
		n = min(n, r.Retry.Tries)
	}
	r.Retry.PerFailure = n
}

// errorPages finds what a client gets in place of nginx's 502. Pages of an inner
// level replace all of the outer ones.
func (m *model) errorPages(r *Route) {
	for _, d := range r.block.array("error_page") {
		args := d.Args()
		if len(args) < 2 {
			continue
		}
		page := ErrorPage{Directive: d, Target: args[len(args)-1].Text}
		codes := args[:len(args)-1]
		if last := codes[len(codes)-1].Text; strings.HasPrefix(last, "=") {
			page.Status, codes = last, codes[:len(codes)-1]
		}
		if !slices.ContainsFunc(codes, func(w Word) bool { return w.Text == "502" }) {
			continue
		}
		if r.Location != nil && r.Location == m.locationOf(r.Server, page.Target) {
			return // nginx follows no error_page within an error_page
		}
		page.Passes = m.locationPasses(r.Server, page.Target)
		page.Seen = m.seen(r.Server, page)
		r.Hides = append(r.Hides, page)
		return // nginx takes the first of a level
	}
}

// seen is the status that a page is answered with, 0 where it is that of a file or
// a backend. nginx keeps 502 unless there is a `=`. But a redirect has a status of
// its own, and so has a return without a text.
func (m *model) seen(s *Server, e ErrorPage) int {
	number, given := strings.CutPrefix(e.Status, "=")
	status, _ := strconv.Atoi(number)
	if !given {
		status = http.StatusBadGateway
	}
	if !strings.HasPrefix(e.Target, "/") && !strings.HasPrefix(e.Target, "@") && constant(e.Target) {
		if !redirects(status) {
			status = http.StatusFound
		}
		return status
	}
	l := m.locationOf(s, e.Target)
	if l == nil {
		return status
	}
	d := l.block.own("return")
	if d == nil {
		return status
	}
	own, err := strconv.Atoi(d.Arg(1))
	if err != nil {
		own = http.StatusFound // return URL
	}
	if redirects(own) || own >= 400 && len(d.Words) == 2 || status == 0 {
		return own
	}
	return status
}

// redirects says whether nginx sends a Location with a status.
func redirects(status int) bool {
	return slices.Contains([]int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect}, status)
}

// locationPasses says whether an internal redirect there reaches a backend.
func (m *model) locationPasses(s *Server, target string) bool {
	l := m.locationOf(s, target)
	return l != nil && len(l.passes()) > 0
}

// locationOf is where an internal redirect leads, or nil.
func (m *model) locationOf(s *Server, target string) *Location {
	switch {
	case strings.HasPrefix(target, "@"):
		return s.named(target)
	case strings.HasPrefix(target, "/") && constant(target):
		path, _, _ := strings.Cut(target, "?")
		var at found
		findLocation(&at, s.Locations, path)
		return at.location
	}
	return nil
}
