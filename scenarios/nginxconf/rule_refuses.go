package nginxconf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var nginxRefuses = Rule{
	ID: "nginx-refuses", Level: Error,
	Doc: "nginx does not start with this configuration, or a reload keeps the old one: `nginx -t` says why. Only " +
		"what this model knows is checked; `nginx -t` of the release that runs knows all of it.",
	check: func(k *checker) {
		k.contexts()
		k.refuseUpstreams()
		k.refuseServers()
		k.refuseLengths()
		if k.model.main != nil && k.model.main.own("events") == nil && k.model.http != nil {
			k.refuse(k.model.http.directive, 0, "write `events {}` at the top", `no "events" section in configuration`)
		}
	},
}

// longestWord is the size of the buffer through which nginx reads a file: a word or a
// comment has to be shorter, and one in quotes may be as long (NGX_CONF_BUFFER).
const longestWord = 4096

func (k *checker) refuseLengths() {
	var walk func([]*Directive)
	walk = func(ds []*Directive) {
		for _, d := range ds {
			for i, w := range d.Words {
				limit := longestWord - 1
				if w.Quoted {
					limit = longestWord
				}
				if w.End-w.Start > limit {
					k.refuse(d, i, "split it, with set and a variable for each part",
						"a word longer than %d bytes", limit)
				}
			}
			walk(d.Block)
		}
	}
	for _, t := range k.config.Files {
		walk(t.Root)
		for _, at := range t.longComments {
			if len(t.Root) == 0 || t.packagedFor != nil {
				continue
			}
			k.reportAt(Error, t.Root[0], at, 0, "break the line",
				fmt.Sprintf("nginx refuses this: a comment of %d bytes or more in one line", longestWord))
		}
	}
}

func (k *checker) refuse(d *Directive, word int, fix, format string, args ...any) {
	if d == nil || word >= len(d.Words) {
		return
	}
	k.report(Error, d, word, fix, "nginx refuses this: "+format, args...)
}

// A grammar is where a directive may stand and how many arguments it has.
type grammar struct {
	in       []string // contexts
	min, max int      // arguments; max 0: as many as there are
	block    bool
	once     bool // one per level
}

var (
	everywhere  = []string{"http", "server", "location"}
	inLocations = []string{"location", "if in location", "limit_except"}
)

// grammars are the directives that decide on connections. Others are nginx's to
// judge.
var grammars = map[string]grammar{
	"events":             {in: []string{"main"}, block: true, once: true},
	"http":               {in: []string{"main"}, block: true, once: true},
	"stream":             {in: []string{"main"}, block: true, once: true},
	"upstream":           {in: []string{"http", "stream"}, min: 1, max: 1, block: true},
	"location":           {in: []string{"server", "location"}, min: 1, max: 2, block: true},
	"if":                 {in: []string{"server", "location"}, min: 1, block: true},
	"limit_except":       {in: []string{"location"}, min: 1, block: true, once: true},
	"listen":             {in: []string{"server", "stream server"}, min: 1},
	"server_name":        {in: []string{"server", "stream server"}, min: 1},
	"keepalive":          {in: []string{"upstream"}, min: 1, max: 2, once: true},
	"keepalive_requests": {in: []string{"http", "server", "location", "upstream"}, min: 1, max: 1, once: true},
	"keepalive_time":     {in: []string{"http", "server", "location", "upstream"}, min: 1, max: 1, once: true},
	"keepalive_timeout":  {in: []string{"http", "server", "location", "upstream"}, min: 1, max: 2, once: true},
	"least_conn":         {in: []string{"upstream", "stream upstream"}},
	"ip_hash":            {in: []string{"upstream"}},
	"proxy_pass":         {in: append([]string{"stream server"}, inLocations...), min: 1, max: 1, once: true},
	"grpc_pass":          {in: []string{"location", "if in location"}, min: 1, max: 1, once: true},
	"fastcgi_pass":       {in: []string{"location", "if in location"}, min: 1, max: 1, once: true},
	"uwsgi_pass":         {in: []string{"location", "if in location"}, min: 1, max: 1, once: true},
	"scgi_pass":          {in: []string{"location", "if in location"}, min: 1, max: 1, once: true},
	"memcached_pass":     {in: []string{"location", "if in location"}, min: 1, max: 1, once: true},
	"proxy_http_version": {in: everywhere, min: 1, max: 1, once: true},
	"proxy_set_header":   {in: everywhere, min: 2, max: 2},
	"proxy_bind": {in: []string{"http", "server", "location", "stream", "stream server"}, min: 1, max: 2,
		once: true},
	"fastcgi_keep_conn": {in: everywhere, min: 1, max: 1, once: true},
	"proxy_buffering":   {in: everywhere, min: 1, max: 1, once: true},
	"proxy_cache":       {in: everywhere, min: 1, max: 1, once: true},
	"try_files":         {in: []string{"server", "location"}, min: 2, once: true},
	"internal":          {in: []string{"location"}},
	"alias":             {in: []string{"location"}, min: 1, max: 1, once: true},
	"return": {in: []string{"server", "location", "if in server", "if in location", "stream server"},
		min: 1, max: 2},
	"rewrite": {in: []string{"server", "location", "if in server", "if in location"}, min: 2, max: 3},
	"set": {in: []string{"server", "location", "if in server", "if in location", "stream server"},
		min: 2, max: 2},
	"error_page": {in: append([]string{"if in location"}, everywhere...), min: 2},
}

// contexts checks what stands where.
func (k *checker) contexts() {
	m := k.model
	switch {
	case m.main != nil:
		k.context(m.main, "main")
	case m.stream != nil:
		k.context(m.stream, "stream")
	case k.config.Fragment == "server", k.config.Fragment == "location":
		k.context(m.servers[0].block, "server")
	default:
		k.context(m.http, "http")
	}
}

func (k *checker) context(b *block, name string) {
	first := map[string]*Directive{}
	for _, d := range b.items {
		g, known := grammars[d.Name()]
		if d.Name() == "server" && d.Kind == Directives {
			g, known = grammar{in: []string{"http", "stream", "mail"}, block: true}, true
		}
		if known {
			k.directive(d, g, name, first)
		}
		if d.Kind != Directives {
			continue
		}
		if inner := innerContext(name, d.Name()); inner != "" {
			k.context(b.in(d), inner)
		}
	}
}

func (k *checker) directive(d *Directive, g grammar, context string, first map[string]*Directive) {
	name, args := d.Name(), len(d.Words)-1
	switch {
	case !slices.Contains(g.in, context):
		k.refuse(d, 0, fmt.Sprintf("it belongs in %s", or(g.in)), "%q directive is not allowed here, in %s", name,
			context)
		return
	case g.block && !d.HasBlock():
		k.refuse(d, 0, retype(d, "write a block behind it"), "directive %q has no opening \"{\"", name)
	case !g.block && d.HasBlock():
		k.refuse(d, 0, retype(d, "end it with \";\""), "directive %q is not terminated by \";\"", name)
	case args < g.min, g.max > 0 && args > g.max, g.min == 0 && g.max == 0 && args > 0:
		k.refuse(d, 0, "see its documentation for the arguments", "invalid number of arguments in %q directive: %d",
			name, args)
	}
	if g.once {
		if first[name] != nil {
			k.refuse(d, 0, "take one of them out", "%q directive is duplicate: it stands in %s already", name,
				at(first[name], d))
		}
		first[name] = d
	}
	if !strings.HasPrefix(context, "stream") {
		k.argument(d)
	}
}

func or(s []string) string {
	if len(s) == 1 {
		return s[0]
	}
	return strings.Join(s[:len(s)-1], ", ") + " or " + s[len(s)-1]
}

// innerContext is the name of a block's context; "" for one that is not looked
// into.
func innerContext(outer, name string) string {
	switch outer + "/" + name {
	case "main/http", "main/stream":
		return name
	case "http/server", "server/location", "location/location", "location/limit_except", "http/upstream":
		return name
	case "stream/server", "stream/upstream":
		return "stream " + name
	case "server/if", "location/if":
		return "if in " + outer
	}
	return ""
}

// argument checks the values that decide on connections.
func (k *checker) argument(d *Directive) {
	switch d.Name() {
	case "keepalive":
		n, err := strconv.Atoi(d.Arg(1))
		switch {
		case err != nil || n < 0:
			k.refuse(d, 1, "give the number of idle connections", "invalid value %q in \"keepalive\" directive",
				d.Arg(1))
		case n == 0 && !k.release.since(Pooling):
			k.refuse(d, 1, "leave it out: there is no pool without it", "keepalive 0 is an invalid value before %s",
				Pooling)
		case d.Arg(2) != "" && d.Arg(2) != "local" || d.Arg(2) == "local" && !k.release.since(Pooling):
			k.refuse(d, 2, "leave it out", "invalid parameter %q", d.Arg(2))
		}
	case "proxy_http_version":
		switch v := d.Arg(1); {
		case v == "2" && !k.release.since(proxyHTTP2):
			k.refuse(d, 1, "1.1, or nginx "+proxyHTTP2.String(), "proxy_http_version 2 needs nginx %s", proxyHTTP2)
		case v != "1.0" && v != "1.1" && v != "2":
			k.refuse(d, 1, "1.0 or 1.1", "invalid value %q", v)
		}
	case "fastcgi_keep_conn", "proxy_buffering":
		if v := d.Arg(1); v != "on" && v != "off" {
			k.refuse(d, 1, "on or off", "invalid value %q, it must be \"on\" or \"off\"", v)
		}
	case "return":
		if _, err := strconv.Atoi(d.Arg(1)); err != nil && !outsideURL(d.Arg(1)) {
			k.refuse(d, 1, "a status first, as in `return 302 /path;`", "invalid return code %q", d.Arg(1))
		}
	}
}
