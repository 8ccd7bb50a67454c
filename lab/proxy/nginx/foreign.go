package nginx

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// modules are those that nginx is not built with and that configurations use
// most, by what their directives begin with or have in them.
var modules = []struct{ name, prefix, part string }{
	{name: "Lua", prefix: "lua_"},
	{name: "Lua", part: "_by_lua"},
	{name: "njs", prefix: "js_"},
	{name: "Perl", prefix: "perl"},
	{name: "echo", prefix: "echo"},
	{name: "health check", prefix: "health_check"},
	{name: "health check", prefix: "check"},
	{name: "statistics", prefix: "status_zone"},
	{name: "Passenger", prefix: "passenger_"},
	{name: "PostgreSQL", prefix: "postgres_"},
	{name: "push", prefix: "push_stream"},
	{name: "nchan", prefix: "nchan_"},
	{name: "image filter", prefix: "image_filter"},
	{name: "XSLT", prefix: "xslt_"},
	{name: "cache purge", prefix: "proxy_cache_purge"},
}

// foreign says why a directive of a module cannot stay. An image of the user's own
// choice may have the module, and keeps it.
func (r *rewriter) foreign(d *nginxconf.Directive) (why string, out bool) {
	image := r.v.Proxy.Image
	if image != "" && !strings.HasPrefix(image, "nginx:") && !strings.HasPrefix(image, "apt:") {
		return "", false
	}
	for _, m := range modules {
		name := d.Name()
		if m.prefix != "" && strings.HasPrefix(name, m.prefix) || m.part != "" && strings.Contains(name, m.part) {
			return ": the lab's nginx has no " + m.name + " module, and requests go on without it " +
				"(proxy.image names another nginx)", true
		}
	}
	return "", false
}

// computed is the error for a variable that only a missing module can give its
// value, nil where there is none.
func (r *rewriter) computed() error {
	for _, name := range []string{"js_set", "js_var", "perl_set", "set_by_lua", "set_by_lua_block", "set_by_lua_file"} {
		for _, d := range r.all(name) {
			if _, out := r.foreign(d); out {
				return r.mistake(d, d.Source()+" needs a module that the lab's nginx does not have",
					"in a copy give "+d.Arg(1)+" a value of its own, as in `map \"\" "+d.Arg(1)+
						" { default VALUE; }`; or name another nginx, with proxy.image")
			}
		}
	}
	return nil
}

// setMisc are directives of the set-misc module that give a variable a value.
var setMisc = []string{
	"set_random", "set_secure_random", "set_md5", "set_sha1", "set_hmac", "set_escape_uri", "set_unescape_uri",
	"set_quote_", "set_encode_", "set_decode_", "set_if_empty", "set_formatted_", "set_hashed_upstream",
	"set_rotate", "set_local_today", "set_misc_",
}

// inServer says whether a directive stands in a server, by what includes it too;
// inside says whether the directives are those of one.
func (r *rewriter) inServer(d *nginxconf.Directive, in []*nginxconf.Directive, inside bool) bool {
	return slices.ContainsFunc(in, func(x *nginxconf.Directive) bool {
		inside := inside || x.Name() == "server" && x.HasBlock()
		return x == d && inside || r.inServer(d, x.Block, inside) ||
			slices.ContainsFunc(x.Included, func(t *nginxconf.Tree) bool { return r.inServer(d, t.Root, inside) })
	})
}

// plainSet gives the variable of a directive of the set-misc module an empty
// value, so that it is there.
func (r *rewriter) plainSet(d *nginxconf.Directive) bool {
	if d.HasBlock() || !strings.HasPrefix(d.Arg(1), "$") ||
		!slices.ContainsFunc(setMisc, func(p string) bool { return strings.HasPrefix(d.Name(), p) }) {
		return false
	}
	to := `map "" ` + d.Arg(1) + ` { default ""; }`
	if r.inServer(d, r.main().Root, false) {
		to = "set " + d.Arg(1) + ` "";`
	}
	r.replace(d.Tree, d.Start, d.End, to)
	r.say(d, d.Source()+" becomes "+to+" the lab's nginx has no set-misc module")
	return true
}

// named says whether the argument of a resolver is no address.
func named(w nginxconf.Word) bool {
	if strings.ContainsAny(w.Text, "=$") {
		return strings.HasPrefix(w.Text, "local=")
	}
	if _, err := netip.ParseAddr(strings.Trim(w.Text, "[]")); err == nil {
		return false
	}
	_, err := netip.ParseAddrPort(w.Text)
	return err != nil
}
