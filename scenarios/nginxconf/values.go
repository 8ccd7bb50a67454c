package nginxconf

import (
	"slices"
)

// maxValues is how many values a variable may have before it counts as one
// that has any.
const maxValues = 64

// values are what a text with variables may be.
type values struct {
	list   []string
	shares []float64  // of split_clients, for list; nil otherwise
	open   bool       // other values are possible
	by     *Directive // the map, set, … that decides
	why    string     // the variable that cannot be followed, where open
}

func one(s string) values { return values{list: []string{s}} }

func unknown(name string) values { return values{open: true, why: "$" + name} }

// single is the value, where there is only one.
func (v values) single() (string, bool) {
	if v.open || len(v.list) != 1 {
		return "", false
	}
	return v.list[0], true
}

func (v *values) add(w values) {
	for _, s := range w.list {
		if !slices.Contains(v.list, s) {
			v.list = append(v.list, s)
		}
	}
	if w.open {
		v.open, v.why = true, w.why
	}
	if len(v.list) > maxValues {
		v.open = true
	}
	if v.by == nil {
		v.by = w.by
	}
}

// env is what is known of a request where a text is evaluated.
type env struct {
	m       *model
	chain   []*block // where set directives may have run, outermost first
	request *Request // nil: any request without Upgrade
	host    string
	path    string
	args    string
	server  *Server
	groups  []string          // of the last regular expression
	named   map[string]string // its named groups
	set     map[string]values // what set has set, where the rewrite phase is followed; nil: chain tells
	asked   []string          // variables under evaluation, against cycles
	answers map[string]values // of one evaluation: variables that refer to each other twice would double it each time
}

// eval gives the values that a text may have.
func (e *env) eval(s string) values {
	if constant(s) {
		return one(s)
	}
	v := one("")
	pieces := parts(s)
	for _, p := range pieces {
		next := one(p.text)
		if p.name != "" {
			next = e.variable(p.name)
		}
		if len(pieces) == 1 {
			return next
		}
		if next.open && (v.pastHost(p.name) || e.request == nil && v.uris()) {
			next = one("${" + p.name + "}")
		}
		v = v.times(next)
	}
	return v
}

// uris says whether every text is the beginning of a URI, behind which nothing
// decides on a host.
func (v values) uris() bool {
	other := func(s string) bool { return s == "" || s[0] != '?' && s[0] != '/' }
	return !v.open && len(v.list) > 0 && !slices.ContainsFunc(v.list, other)
}

// pastHost says whether a variable stands behind the host of a URL, whatever the
// text before it comes to: it is no part of where a request goes, and stays.
func (v values) pastHost(name string) bool {
	for _, text := range v.list {
		if _, uri := cutURI(text + "${" + name + "}"); uri == "" {
			return false
		}
	}
	return !v.open && len(v.list) > 0
}

// times is every text of v with every one of w behind it.
func (v values) times(w values) values {
	if len(v.list) == 1 && v.list[0] == "" && !v.open {
		return w
	}
	out := values{open: v.open || w.open, by: v.by, why: v.why}
	if out.by == nil {
		out.by = w.by
	}
	if out.why == "" {
		out.why = w.why
	}
	if len(v.list)*len(w.list) > maxValues {
		out.open = true
		return out
	}
	for _, a := range v.list {
		for _, b := range w.list {
			out.list = append(out.list, a+b)
		}
	}
	if len(v.list) == 1 && len(w.shares) == len(out.list) {
		out.shares = w.shares
	} else if len(w.list) == 1 && len(v.shares) == len(out.list) {
		out.shares = v.shares
	}
	return out
}

// variable gives the values that a variable may have.
func (e *env) variable(name string) values {
	if slices.Contains(e.asked, name) {
		return unknown(name)
	}
	if len(e.asked) == 0 {
		e.answers = nil
	}
	if v, ok := e.answers[name]; ok {
		return v
	}
	e.asked = append(e.asked, name)
	v := e.ask(name)
	e.asked = e.asked[:len(e.asked)-1]
	if len(e.asked) > 0 && name[0]-'0' > 9 {
		if e.answers == nil {
			e.answers = map[string]values{}
		}
		e.answers[name] = v
	}
	return v
}

func (e *env) ask(name string) values {
	if name[0]-'0' <= 9 {
		if n := int(name[0] - '0'); n < len(e.groups) {
			return one(e.groups[n])
		}
		return unknown(name)
	}
	if s, ok := e.named[name]; ok {
		return one(s)
	}
	if e.set != nil {
		if v, ok := e.set[name]; ok {
			return v
		}
	} else if v, ok := e.sets(name); ok {
		if e.m.elsewhere[name] {
			v.add(unknown(name))
		}
		return v
	}
	if d := e.m.variables[e.server.prefix()+name]; d != nil {
		return e.defined(d)
	}
	if e.m.setNames[name] {
		if e.m.elsewhere[name] {
			return unknown(name)
		}
		return one("") // set on a way that this request does not take
	}
	return e.builtin(name)
}

// sets follows the set directives on the way to here: the last one that always
// runs, and those behind if.
func (e *env) sets(name string) (values, bool) {
	var v values
	any := false
	for _, b := range e.chain {
		for _, d := range b.items {
			switch {
			case d.Name() == "set" && variableName(d.Arg(1)) == name:
				v, any = e.eval(d.Arg(2)), true
				if v.by == nil || v.by.Name() == "set" {
					v.by = d
				}
			case d.Name() == "if":
				holds, known := e.holds(d)
				if known && !holds {
					continue
				}
				for _, in := range b.in(d).all("set") {
					if variableName(in.Arg(1)) == name {
						w := e.eval(in.Arg(2))
						w.by = in
						if known {
							v, any = w, true
							continue
						}
						if !any {
							v, any = one(""), true
						}
						v.add(w)
					}
				}
			}
		}
	}
	return v, any
}
