package nginxconf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSitesAreWhereTheAddressesStand(t *testing.T) {
	const text = `http {
  upstream app { server "10.0.0.1:80" weight=2; server unix:/run/app.sock; }
  map $arg_x $to { default app; 1 10.0.0.2:81; 2 "name.org"; 3 $deeper; }
  map $arg_y $deeper { default 10.0.0.3; }
  split_clients $remote_port $source { 50% 10.1.0.1; * 10.1.0.2; }
  server {
    set $host_ http://[::1]:6086;
    location /a { proxy_pass http://10.0.0.4:3000$request_uri; proxy_bind $source; }
    location /b { proxy_pass http://$to; }
    location /c { proxy_pass $host_; proxy_bind 10.1.0.3:$remote_port transparent; }
    location /d { if ($arg_z) { set $host_ http://10.0.0.5; } proxy_pass $host_/x/; }
    location /e { fastcgi_pass 10.0.0.6:9000; }
    location /f { proxy_pass http://unix:/run/f.sock:/uri/; }
    location /g { proxy_pass http://app; }
    location /h { proxy_pass http://$host; }
  }
}
stream { upstream app { server 10.0.0.7:1; } server { listen 1; proxy_pass app; } server { listen 2; proxy_pass 10.0.0.8:2; } }
`
	config, err := Load("nginx.conf", Options{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range config.sites() {
		if at := s.directive.Tree.Text[s.start:s.end]; at != s.text {
			t.Errorf("%s: %q is written there, not %q", s.directive.Pos(), at, s.text)
		}
		kind := ""
		if s.source {
			kind = " source"
		}
		got = append(got, fmt.Sprintf("%d %s%s", s.directive.Line, s.text, kind))
	}
	want := []string{
		"2 10.0.0.1:80", "2 unix:/run/app.sock", "3 10.0.0.2:81", "3 name.org", "4 10.0.0.3",
		"5 10.1.0.1 source", "5 10.1.0.2 source", "7 [::1]:6086", "8 10.0.0.4:3000", "10 10.1.0.3 source",
		"11 10.0.0.5", "12 10.0.0.6:9000", "13 unix:/run/f.sock", "18 10.0.0.7:1", "18 10.0.0.8:2",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("sites:\n%s\nwant:\n%s", a, b)
	}
}

// A site is a place in the text where an address stands that connections go to
// or come from: in a server of a group, a pass, proxy_bind, or in what set, map,
// geo or split_clients give to a variable in one of these. The rewrite of
// a measurement puts another address there, and touches nothing else.
type site struct {
	directive  *Directive // server, the pass, set, the entry of a map, …
	start, end int        // byte offsets in the directive's file: host and port, without scheme and URI
	text       string     // what stands there: "10.0.0.7:8080", "unix:/run/app.sock"
	source     bool       // an address of the proxy's own, of proxy_bind
}

// sites are the places of all addresses of the routes, in the order of the
// files. A word with a backslash in it is given as a whole.
func (c *Config) sites() []site {
	c.model.Lock()
	defer c.model.Unlock()
	routes := c.model.routes(Release{}) // nginx looks up the addresses of those that no request reaches too
	f := &finder{m: c.model, seen: map[siteKey]bool{}}
	for _, r := range routes {
		f.route, f.source = r, false
		f.env = c.model.env(place{server: r.Server, block: r.block})
		if u := r.Upstream; u != nil && u.Directive != nil {
			for _, p := range u.Peers {
				f.add(p.Directive, p.Word, p.Directive.Arg(p.Word), p.Directive.Arg(p.Word))
			}
		}
		f.trace(r.Pass, 1, 0)
		if r.Bind.Directive != nil {
			f.source = true
			f.trace(r.Bind.Directive, 1, 0)
		}
	}
	order := map[*Tree]int{}
	for i, t := range c.Files {
		order[t] = i
	}
	slices.SortFunc(f.sites, func(a, b site) int {
		if n := order[a.directive.Tree] - order[b.directive.Tree]; n != 0 {
			return n
		}
		return a.start - b.start
	})
	return f.sites
}

type siteKey struct {
	tree  *Tree
	start int
}

type finder struct {
	m      *model
	env    *env
	route  *Route
	source bool
	sites  []site
	seen   map[siteKey]bool
}

// trace follows a word to where the address in it is written out.
func (f *finder) trace(d *Directive, word, depth int) {
	text := d.Arg(word)
	host, _ := cutURI(text)
	_, host, _ = cutScheme(host)
	if f.source {
		host, _ = strings.CutSuffix(host, ":$remote_port")
	}
	switch {
	case host == "" || host == "off" || depth > maxValues:
	case constant(host):
		if f.source || f.m.upstreams[f.route.Server.prefix()+strings.ToLower(host)] == nil {
			f.add(d, word, text, host)
		}
	case host[0] == '$':
		name, _ := variableAt(host[1:])
		f.variable(strings.ToLower(name), depth+1)
	}
}

// variable traces each of the values that a variable is given.
func (f *finder) variable(name string, depth int) {
	set := func(b *block) {
		for _, d := range b.all("set") {
			if variableName(d.Arg(1)) == name && len(d.Words) > 2 {
				f.trace(d, 2, depth)
			}
		}
	}
	for _, b := range f.env.chain {
		set(b)
		for _, d := range b.all("if") {
			set(b.in(d))
		}
	}
	if d := f.m.variables[f.route.Server.prefix()+name]; d != nil {
		for _, x := range d.entries {
			if len(x.Words) == 2 && x.Name() != "include" {
				f.trace(x, 1, depth)
			}
		}
	}
}

// add notes a place once.
func (f *finder) add(d *Directive, word int, text, host string) {
	w := d.Words[word]
	start, end := w.Start, w.End
	if w.Quoted {
		start, end = start+1, end-1
	}
	if end-start == len(text) { // nothing was escaped
		start += strings.Index(text, host)
		end = start + len(host)
	} else {
		start, end = w.Start, w.End
	}
	if key := (siteKey{d.Tree, start}); !f.seen[key] {
		f.seen[key] = true
		f.sites = append(f.sites, site{d, start, end, host, f.source})
	}
}
