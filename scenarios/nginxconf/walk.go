package nginxconf

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A walk is a request on its way through the phases of nginx.
type walk struct {
	m        *model
	release  Release
	request  Request
	env      *env
	answer   Answer
	left     int  // how many redirects nginx still follows
	absent   bool // no file is there
	internal bool // an internal redirect was followed
	erring   bool // an error_page was followed: nginx follows no second one
	kept     int  // the status that an error_page keeps or sets; 0: the answer's own
	conf     *block
	fellBack *Directive // the last try_files that was followed
}

func (w *walk) assume(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(w.answer.Assumed, s) {
		w.answer.Assumed = append(w.answer.Assumed, s)
	}
}

func (w *walk) end(kind AnswerKind, by *Directive, status int) {
	w.answer.Kind, w.answer.By, w.answer.Status = kind, by, status
}

// server is the phase that an internal redirect begins with again.
func (w *walk) server() {
	w.answer.Location, w.conf = nil, w.answer.Server.block
	if w.rewrites(w.answer.Server.block) != goOn {
		return
	}
	w.find()
}

// find looks for the location of the path, and goes through it.
func (w *walk) find() {
	at := found{}
	w.conf = w.answer.Server.block
	findLocation(&at, w.answer.Server.Locations, w.env.path)
	for _, err := range at.unsure {
		w.assume("%s is taken not to match", err)
	}
	w.answer.Location = at.location
	if at.location == nil { // the server's own access rules and try_files are in force
		w.access(nil)
		return
	}
	w.conf = at.location.block
	if at.groups != nil {
		w.env.capture(at.groups, at.names)
	}
	if at.location.Internal && !w.internal {
		w.fail(AnswerDenied, at.location.block.find("internal"), http.StatusNotFound)
		return
	}
	if at.slash {
		w.end(AnswerReturn, at.location.Directive, http.StatusMovedPermanently)
		return
	}
	w.location(at.location)
}

// location is what happens in a location, also in a named one.
func (w *walk) location(l *Location) {
	switch w.rewrites(l.block) {
	case ended:
		return
	case search:
		if w.left--; w.left < 0 {
			w.end(AnswerLoop, l.Directive, http.StatusInternalServerError)
			return
		}
		w.find()
		return
	}
	w.access(l)
}

// access checks limit_except, deny and allow, in a location or, for nil, in the
// server itself.
func (w *walk) access(l *Location) {
	if l != nil {
		if d := l.block.own("limit_except"); d != nil && d.Kind == Directives && w.excepted(d) {
			w.conf = l.block.in(d)
		}
	}
	for _, d := range w.conf.access() {
		if d.Name() == "deny" && d.Arg(1) == "all" {
			w.fail(AnswerDenied, d, http.StatusForbidden)
			return
		}
		if d.Arg(1) == "all" {
			break
		}
		w.assume("the client's address passes %s (%s)", d.Source(), d.Pos())
		if d.Name() == "allow" {
			break
		}
	}
	for _, name := range []string{"auth_basic", "auth_jwt"} {
		if d := w.conf.find(name); d != nil && d.Arg(1) != "off" {
			w.assume("the client passes %s (%s)", d.Source(), d.Pos())
		}
	}
	w.subrequests()
	w.tryFiles()
}

// excepted says whether the block of a limit_except is for the request's method.
// GET allows HEAD as well.
func (w *walk) excepted(d *Directive) bool {
	method := w.request.method()
	return !slices.ContainsFunc(d.Args(), func(a Word) bool {
		return strings.EqualFold(a.Text, method) || strings.EqualFold(a.Text, "GET") && method == "HEAD"
	})
}

// subrequests finds where auth_request and mirror send copies.
func (w *walk) subrequests() {
	var ds []*Directive
	if d := w.conf.find("auth_request"); d != nil {
		ds = append(ds, d)
	}
	for _, d := range append(ds, w.conf.array("mirror")...) {
		if d.Arg(1) == "off" || !strings.HasPrefix(d.Arg(1), "/") || !constant(d.Arg(1)) {
			continue
		}
		at := found{}
		findLocation(&at, w.answer.Server.Locations, d.Arg(1))
		if at.location == nil {
			continue
		}
		for _, p := range at.location.passes() {
			w.answer.Also = append(w.answer.Also, w.m.pass(p, w.release, w.env)...)
		}
	}
}

// tryFiles follows try_files as if none of its files were there, unless that can
// hardly be meant: a script is there where `=404` guards the pass to what runs it,
// and so is the page that all other paths fall back to.
func (w *walk) tryFiles() {
	d := w.conf.own("try_files")
	if w.answer.Location == nil || d == nil && w.conf != w.answer.Location.block {
		d = w.answer.Server.block.own("try_files")
		if w.answer.Location != nil {
			d = w.answer.Location.block.own("try_files")
		}
	}
	if d == nil || len(d.Words) < 3 {
		w.content()
		return
	}
	last := d.Words[len(d.Words)-1].Text
	code, guards := strings.CutPrefix(last, "=")
	if !w.absent && (guards && w.answer.Location != nil && len(w.answer.Location.passes()) > 0 || w.fellBack == d) {
		w.assume("the file that %s asks for is there (%s)", d.Source(), d.Pos())
		w.content()
		return
	}
	w.assume("no file of %s is there (%s)", d.Source(), d.Pos())
	w.fellBack = d
	if guards {
		status, _ := strconv.Atoi(code)
		w.fail(AnswerStatic, d, status)
		return
	}
	w.redirect(last, d)
}

// redirect is an internal redirect to a path or a named location.
func (w *walk) redirect(to string, by *Directive) {
	if w.left--; w.left < 0 {
		w.end(AnswerLoop, by, http.StatusInternalServerError)
		return
	}
	w.internal = true
	if strings.HasPrefix(to, "@") {
		l := w.answer.Server.named(to)
		if l == nil {
			w.end(AnswerReturn, by, http.StatusInternalServerError)
			return
		}
		w.answer.Location, w.conf = l, l.block
		w.location(l)
		return
	}
	target, query, has := strings.Cut(to, "?")
	path, ok := w.env.eval(target).single()
	if !ok {
		w.end(AnswerUnknown, by, 0)
		return
	}
	args := "" // the client's are dropped
	if has {
		args, _ = w.env.eval(query).single()
	}
	if by.Name() == "index" {
		args = w.env.args
	}
	w.env.path, w.env.args = path, args
	w.server()
}

// fail is a status of nginx's own, which an error_page may answer.
func (w *walk) fail(kind AnswerKind, by *Directive, status int) {
	if w.erring && w.conf.value("recursive_error_pages", "off") != "on" {
		w.end(kind, by, status)
		return
	}
	for _, d := range w.conf.array("error_page") {
		args := d.Args()
		if len(args) < 2 || !slices.ContainsFunc(args[:len(args)-1],
			func(a Word) bool { return a.Text == strconv.Itoa(status) }) {
			continue
		}
		to := args[len(args)-1].Text
		if strings.HasPrefix(to, "@") || strings.HasPrefix(to, "/") {
			w.erring, w.kept = true, status
			if code, ok := strings.CutPrefix(args[len(args)-2].Text, "="); ok {
				w.kept, _ = strconv.Atoi(code)
			}
			if to[0] == '/' && w.request.method() != "HEAD" {
				w.request.Method = "GET"
			}
			w.redirect(to, d)
			return
		}
		w.end(AnswerReturn, d, http.StatusFound)
		return
	}
	w.end(kind, by, status)
}
