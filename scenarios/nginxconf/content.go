package nginxconf

import (
	"net/http"
	"slices"
	"strings"
)

// content finds what answers at last.
func (w *walk) content() {
	l := w.answer.Location
	for b := w.conf; l != nil && b != nil; b = b.outer {
		if d := handler(b); d != nil {
			if passes[d.Name()] == "" {
				w.end(AnswerModule, d, 0)
				return
			}
			at := place{server: w.answer.Server, location: l, block: w.conf, directive: d}
			if w.conf != l.block {
				at.condition = w.conf.directive
			}
			w.end(AnswerRoute, d, 0)
			w.answer.Routes = w.m.pass(at, w.release, w.env)
			return
		}
		if b == l.block {
			break
		}
	}
	w.static()
}

// static is an answer from files: an index where it reaches a backend, as
// index.php does, else a file that may be there or not.
func (w *walk) static() {
	if strings.HasSuffix(w.env.path, "/") && !w.absent {
		for _, d := range w.conf.array("index") {
			for _, a := range d.Args() {
				if !constant(a.Text) || strings.HasPrefix(a.Text, "/") || !w.m.locationPasses(w.answer.Server,
					w.env.path+a.Text) {
					continue
				}
				if at := (found{}); !findLocation(&at, w.answer.Server.Locations, w.env.path+a.Text) ||
					at.location == w.answer.Location {
					continue
				}
				w.assume("%s is there (%s)", a.Text, d.Pos())
				w.redirect(w.env.path+a.Text, d)
				return
			}
		}
	}
	root := w.conf.find("alias")
	if root == nil {
		root = w.conf.find("root")
	}
	if !slices.Contains([]string{"GET", "HEAD", "POST"}, w.request.method()) {
		w.fail(AnswerStatic, root, http.StatusMethodNotAllowed)
		return
	}
	if w.absent {
		w.fail(AnswerStatic, root, http.StatusNotFound)
		return
	}
	for _, d := range w.conf.array("error_page") {
		args := d.Args()
		if len(args) > 1 && slices.ContainsFunc(args[:len(args)-1], func(a Word) bool { return a.Text == "404" }) &&
			!w.erring && w.m.locationPasses(w.answer.Server, args[len(args)-1].Text) {
			w.assume("there is no file for %s", w.env.path)
			w.fail(AnswerStatic, root, http.StatusNotFound)
			return
		}
	}
	w.end(AnswerStatic, root, 0)
}
