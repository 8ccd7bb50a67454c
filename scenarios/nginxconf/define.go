package nginxconf

import (
	"slices"
	"strconv"
	"strings"
)

// A definition is a block that gives a variable its value: map, geo or
// split_clients.
type definition struct {
	directive *Directive
	block     *block
	source    string // the text that is looked up; "" for geo
	entries   []*Directive
	hostnames bool

	regexes     []*pattern // of a map, in order
	regexValues []string
	every       *values // what a map gives for a source that is not known, once asked
}

func newDefinition(d *Directive, in *block, source string) *definition {
	def := &definition{directive: d, block: in, source: source, entries: in.items,
		hostnames: in.own("hostnames") != nil}
	for _, x := range in.items {
		if key, ok := strings.CutPrefix(x.Name(), "~"); ok && d.Name() == "map" && len(x.Words) == 2 {
			bare, fold := strings.CutPrefix(key, "*")
			def.regexes = append(def.regexes, &pattern{text: bare, fold: fold})
			def.regexValues = append(def.regexValues, x.Arg(1))
		}
	}
	return def
}

// define finds the variables that blocks of a context define. Those of stream{}
// are its own.
func (m *model) define(b *block, prefix string) {
	for _, d := range b.items {
		var name, source string
		switch {
		case d.Kind != Data:
			continue
		case d.Name() == "map" || d.Name() == "split_clients":
			source, name = d.Arg(1), d.Arg(2)
		case d.Name() == "geo":
			name = d.Words[len(d.Words)-1].Text
		}
		if name := variableName(name); name != "" {
			in := b.in(d)
			m.variables[prefix+name] = newDefinition(d, in, source)
		}
	}
}

// defined gives the values that a definition may give.
func (e *env) defined(d *definition) values {
	var v values
	switch d.directive.Name() {
	case "map":
		v = e.mapped(d)
	case "split_clients":
		v = e.split(d)
	default: // geo: the client's address decides, which nothing here tells
		for _, x := range d.entries {
			if len(x.Words) == 2 && !slices.Contains([]string{"proxy", "delete", "include"}, x.Name()) {
				v.add(one(x.Arg(1)))
			}
		}
		if d.block.own("default") == nil {
			v.add(one(""))
		}
	}
	v.by = d.directive
	return v
}

// mapped looks the source up as nginx does. Where the source is not known, each
// of the map's values is possible.
func (e *env) mapped(d *definition) values {
	source := e.eval(d.source)
	var v values
	for _, s := range source.list {
		v.add(e.lookup(d, s))
	}
	if !source.open {
		return v
	}
	if d.every == nil {
		d.every = e.everyValue(d)
	}
	v.add(*d.every)
	return v
}

func (e *env) everyValue(d *definition) *values {
	var v values
	fallback := false
	for _, x := range d.entries {
		if len(x.Words) == 2 && x.Name() != "include" {
			v.add(e.eval(x.Arg(1)))
			fallback = fallback || x.Name() == "default"
		}
	}
	if !fallback {
		v.add(one(""))
	}
	return &v
}

// lookup finds a map's value for one text: the exact key, the longest wildcard,
// the first regular expression, the default. nginx asks no expression about an
// empty text.
func (e *env) lookup(d *definition, s string) values {
	folded := strings.ToLower(s)
	var exact, head, tail, fallback *Directive
	for _, x := range d.entries {
		if len(x.Words) != 2 || x.Name() == "include" {
			continue
		}
		switch key := x.Name(); {
		case key == "default":
			fallback = x
		case strings.HasPrefix(key, "~"):
		case strings.ToLower(strings.TrimPrefix(key, `\`)) == folded:
			exact = x
		case d.hostnames && (head == nil || len(key) > len(head.Name())) && headKey(strings.ToLower(key), folded):
			head = x
		case d.hostnames && (tail == nil || len(key) > len(tail.Name())) && tailKey(strings.ToLower(key), folded):
			tail = x
		}
	}
	for _, x := range []*Directive{exact, head, tail} {
		if x != nil {
			return e.eval(x.Arg(1))
		}
	}
	for i := range d.regexes {
		if s == "" {
			break
		}
		if groups, ok, _ := d.regexes[i].match(s); ok {
			inner := *e
			inner.groups, inner.named = groups, name(d.regexes[i].names(), groups)
			return inner.eval(d.regexValues[i])
		}
	}
	if fallback != nil {
		return e.eval(fallback.Arg(1))
	}
	return one("")
}

func headKey(key, host string) bool {
	if strings.HasPrefix(key, "*.") {
		return strings.HasSuffix(host, key[1:])
	}
	return strings.HasPrefix(key, ".") && (host == key[1:] || strings.HasSuffix(host, key))
}

func tailKey(key, host string) bool {
	return strings.HasSuffix(key, ".*") && strings.HasPrefix(host, key[:len(key)-1])
}

// name gives the named groups their values.
func name(names, groups []string) map[string]string {
	var named map[string]string
	for i, n := range names {
		if n != "" && n[0]-'0' > 9 && i < len(groups) {
			if named == nil {
				named = map[string]string{}
			}
			named[strings.ToLower(n)] = groups[i]
		}
	}
	return named
}

// split gives the values of split_clients with their shares. What the shares
// leave of 100 % has no value.
func (e *env) split(d *definition) values {
	v := values{shares: []float64{}}
	rest := 1.0
	for _, x := range d.entries {
		if len(x.Words) != 2 {
			continue
		}
		share := rest
		if x.Name() != "*" {
			n, err := strconv.ParseFloat(strings.TrimSuffix(x.Name(), "%"), 64)
			if err != nil {
				continue
			}
			share = n / 100
		}
		rest -= share
		v.share(x.Arg(1), share)
	}
	if rest > 1e-9 {
		v.share("", rest)
	}
	if slices.ContainsFunc(v.list, func(s string) bool { return !constant(s) }) {
		out := values{}
		for _, s := range v.list {
			out.add(e.eval(s))
		}
		return out
	}
	return v
}

func (v *values) share(s string, share float64) {
	if i := slices.Index(v.list, s); i >= 0 {
		v.shares[i] += share
		return
	}
	v.list, v.shares = append(v.list, s), append(v.shares, share)
}
