package nginxconf

import (
	"net/http"
	"strconv"
	"strings"
)

// outcome is what the rewrite directives of a block end in.
type outcome uint8

const (
	goOn   outcome = iota
	search         // the path changed: look for its location
	ended          // the answer stands
)

// rewrites runs the directives of the rewrite module that stand in a block, in
// their order.
func (w *walk) rewrites(b *block) outcome {
	changed := false
	out := w.run(b, &changed)
	switch {
	case out == stop:
		return goOn
	case out == goOn && changed:
		out = search
	}
	if out == search && b == w.answer.Server.block {
		return goOn // the location is looked for anyway
	}
	return out
}

// stop ends the directives of a block, and stays: break.
const stop outcome = 9

func (w *walk) run(b *block, changed *bool) outcome {
	for _, d := range b.items {
		out := goOn
		switch d.Name() {
		case "set":
			v := w.env.eval(d.Arg(2))
			if v.by == nil {
				v.by = d
			}
			w.env.set[variableName(d.Arg(1))] = v
		case "break":
			*changed = false
			out = stop
		case "return":
			w.returns(d)
			out = ended
		case "rewrite":
			out = w.rewrite(d, changed)
		case "if":
			if d.Kind == Directives && w.holds(d) {
				w.conf = b.in(d)
				out = w.run(b.in(d), changed)
			}
		}
		if out != goOn {
			return out
		}
	}
	return goOn
}

// returns answers by a return: one of 400 and above without a text is an error
// that error_page may answer.
func (w *walk) returns(d *Directive) {
	status, err := strconv.Atoi(d.Arg(1))
	if err != nil {
		status = http.StatusFound
	}
	if status >= 400 && len(d.Words) == 2 && status != 444 {
		w.fail(AnswerReturn, d, status)
		return
	}
	if w.kept != 0 && status/100 != 3 {
		status = w.kept
	}
	w.end(AnswerReturn, d, status)
}

func (w *walk) rewrite(d *Directive, changed *bool) outcome {
	if len(d.Words) < 3 {
		return goOn
	}
	p := &pattern{text: d.Arg(1)}
	groups, ok, err := p.match(w.env.path)
	if err != nil {
		w.assume("%s: %v is taken not to match", d.Pos(), err)
	}
	if !ok {
		return goOn
	}
	w.env.capture(groups, p.names())
	to, flag := d.Arg(2), d.Arg(3)
	outside := strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "$scheme")
	switch {
	case flag == "permanent":
		w.end(AnswerReturn, d, http.StatusMovedPermanently)
		return ended
	case flag == "redirect", outside:
		w.end(AnswerReturn, d, http.StatusFound)
		return ended
	}
	bare, drop := strings.CutSuffix(to, "?")
	target, query, has := strings.Cut(bare, "?")
	path, ok := w.env.eval(target).single()
	if !ok {
		w.end(AnswerUnknown, d, 0)
		return ended
	}
	args, _ := w.env.eval(query).single()
	switch {
	case drop && !has:
		args = ""
	case drop:
	case has && w.env.args != "":
		args += "&" + w.env.args
	case !has:
		args = w.env.args
	}
	w.env.path, w.env.args = path, args
	w.internal = true // internal locations are open to a path that was rewritten
	switch flag {
	case "last":
		return search
	case "break":
		*changed = false
		return stop
	}
	*changed = true
	return goOn
}

// holds says whether the condition of an if holds. One that cannot be known is
// taken not to.
func (w *walk) holds(d *Directive) bool {
	if c := conditionOf(d); c.file != "" {
		w.assume("the files that %s asks for are not there (%s)", d.Source(), d.Pos())
		return strings.HasPrefix(c.file, "!")
	}
	holds, known := w.env.holds(d)
	if !known {
		w.assume("%s does not hold (%s)", d.Source(), d.Pos())
	}
	return holds && known
}
