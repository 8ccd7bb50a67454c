package nginxconf

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A random configuration, for the comparison with the real nginx. Each server,
// location and if has an add_header of its own, by which the response tells
// where nginx was.
type random struct {
	*rand.Rand
	b       strings.Builder
	where   int
	ports   [2]int
	backend []int
	named   int
	stage   string // directory for temporary files
}

func (r *random) f(format string, args ...any) { fmt.Fprintf(&r.b, format+"\n", args...) }

func (r *random) one(of ...string) string { return of[r.IntN(len(of))] }

func (r *random) chance(n int) bool { return r.IntN(100) < n }

func (r *random) mark() { r.where++; r.f("add_header X-Where %d always;", r.where) }

func randomConfig(seed uint64, ports [2]int, backend []int, dir string) string {
	r := &random{Rand: rand.New(rand.NewPCG(seed, 99)), ports: ports, backend: backend, stage: dir}
	r.f("daemon off; master_process off; pid %s/nginx.pid; error_log %s/error.log emerg;", dir, dir)
	r.f("events { worker_connections 256; }\nhttp {\naccess_log off; root %s/none;", dir)
	for _, t := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		r.f("%s_temp_path %s/%s;", t, dir, t)
	}
	r.f("map $http_upgrade $upgrading { default upgrade; '' %s; }", r.one("close", "''", "keep-alive"))
	r.f("map $arg_x $group { default %s; 1 grp0; ~^2(?<rest>.*)$ Grp1; ~*^q nothere; }", r.one("grp0", "grp1"))
	r.f("map $uri $byuri { ~^/a/(.*)$ $1; ~*/IMG/ img; default '%s'; }", r.one("", "0", "z"))
	r.f("map $host $byhost { hostnames; *.example.org wild; .test.org dot; one.example.org exact; www.* www; }")
	r.f("split_clients $request_uri $split { 40%% grp0; * grp1; }")
	for i := range 3 {
		r.upstream(fmt.Sprintf("grp%d", i))
	}
	r.level(40)
	for i := range 1 + r.IntN(4) {
		r.server(i)
	}
	r.f("}")
	return r.b.String()
}

func (r *random) upstream(name string) {
	r.f("upstream %s {", name)
	method := r.one("", "", "", "least_conn;", "random;")
	late := r.chance(30)
	if !late {
		r.f("%s", method)
	}
	n := 1 + r.IntN(3)
	for i := range n {
		port := r.backend[r.IntN(len(r.backend))]
		flags := ""
		if r.chance(25) {
			flags += fmt.Sprintf(" weight=%d", 1+r.IntN(3))
		}
		if i > 0 && r.chance(25) {
			flags += " down"
		}
		r.f("server 127.0.0.1:%d max_fails=0%s;", port, flags)
	}
	if r.chance(50) {
		r.f("keepalive %d;", 1+r.IntN(8))
		if r.chance(20) {
			r.f("%s", r.one("keepalive_requests 1;", "keepalive_requests 100;", "keepalive_timeout 0;",
				"keepalive_timeout 30s;"))
		}
	}
	if late {
		r.f("%s", method)
	}
	r.f("}")
}

// level sets what is inherited, or some of it.
func (r *random) level(percent int) {
	if r.chance(percent) {
		r.f("proxy_http_version %s;", r.one("1.0", "1.1"))
	}
	if r.chance(percent) {
		r.f("proxy_set_header %s %s;", r.one("Connection", "connection"), r.one(`""`, "close", "$upgrading",
			"keep-alive", "$http_connection", "$byuri"))
	}
	if r.chance(percent / 2) {
		r.f("proxy_set_header X-Other %s;", r.one("$host", "y"))
	}
	if r.chance(percent / 3) {
		r.f("proxy_set_header Upgrade $http_upgrade;")
	}
}

func (r *random) server(i int) {
	r.f("server {")
	for j, p := range r.ports {
		if j == i%2 || r.chance(30) {
			r.f("listen 127.0.0.1:%d%s;", p, map[bool]string{true: " default_server"}[i == 1 && j == 1])
		}
	}
	if r.chance(80) {
		names := []string{"one.example.org", "*.example.org", ".test.org", "www.*", `~^(?<sub>[a-z]+)\.re\.org$`,
			"two.example.org"}
		r.f("server_name %s;", names[(i+r.IntN(2))%len(names)])
	}
	r.mark()
	r.level(35)
	r.f("set $srv %s;", r.one("grp0", "grp1", "grp2"))
	if r.chance(25) {
		r.f("if ($arg_s = 1) { return %s; }", r.one("204", "403", `200 "text"`, "http://e/elsewhere"))
	}
	if r.chance(25) {
		r.f("rewrite ^/old/(.*)$ /a/$1%s%s;", r.one("", "?"), r.one("", " last", " break"))
	}
	if r.chance(20) {
		r.f("error_page %s %s;", r.one("404", "403", "418"), r.one("@n0", "=200 /a/page", "/ab"))
	}
	if r.chance(15) {
		r.f("if ($request_method ~ ^(PUT|DELETE)$) { rewrite ^ /a/b last; }")
	}
	r.named = 2
	seen := map[string]bool{}
	if r.chance(70) {
		seen["/"] = true
		r.f("location / {")
		r.mark()
		r.level(30)
		r.pass(false)
		r.f("}")
	}
	for range 2 + r.IntN(6) {
		r.location("", 0, seen)
	}
	for n := range r.named {
		r.f("location @n%d {", n)
		r.mark()
		r.level(30)
		r.pass(true)
		r.f("}")
	}
	r.f("}")
}

var randomPaths = []string{"/", "/a", "/a/", "/ab", "/a/b", "/a/b/", "/a/b/c", "/img/", "/old/x", "/A"}

var randomRegexes = []string{`\.(gif|jpg)$`, `^/a/`, `b`, `^/(?<first>[a-z]+)/(?<second>.*)$`, `^/IMG/`, `^/a(?!b)`}

func (r *random) location(prefix string, depth int, seen map[string]bool) {
	regex := r.chance(35) || prefix == "~" // inside a regular expression nginx allows no other kind
	text, modifier := "", ""
	if regex {
		modifier, text = r.one("~ ", "~* "), r.one(randomRegexes...)
	} else {
		text = r.one(randomPaths...)
		modifier = r.one("", "", "", "= ", "^~ ")
		if !strings.HasPrefix(text, prefix) {
			return
		}
	}
	key := modifier + text
	if !regex { // nginx takes "^~ /a" and "/a" for duplicates
		key = strings.TrimPrefix(key, "^~ ")
	}
	if seen[key] {
		return
	}
	seen[key] = true
	r.f(`location %s"%s" {`, modifier, text)
	r.mark()
	r.level(30)
	if r.chance(5) {
		r.f("internal;")
	}
	r.body(regex)
	if depth < 2 && modifier != "= " {
		inner := map[string]bool{}
		p := text
		if regex {
			p = "~"
		}
		for range r.IntN(3) {
			r.location(p, depth+1, inner)
		}
	}
	r.f("}")
}

func (r *random) body(regex bool) {
	switch r.IntN(20) {
	case 0:
		r.f("return %s;", r.one("204", "403", "404", "418", `200 "ok"`, "301 /x"))
	case 1:
		r.f("rewrite ^/(.*)b(.*)$ /$1%s$2 %s;", r.one("c", "img/", ""), r.one("last", "break", "permanent", ""))
		r.pass(regex)
	case 2:
		r.f("try_files $uri %s;", r.one("@n0", "/a/b?y=1", "=404", "=403", "/ab"))
	case 3:
		r.f("if ($arg_x = %d) {", r.IntN(3))
		r.mark()
		if r.chance(60) {
			r.pass(true)
		}
		r.f("}")
		r.pass(regex)
	case 4:
		r.f("limit_except %s {", r.one("GET", "GET POST", "POST"))
		if r.chance(50) {
			r.f("deny all;")
		} else {
			r.pass(true)
		}
		r.f("}")
		r.pass(regex)
	case 5:
		r.f("deny all;")
		r.pass(regex)
	case 6:
		r.f("set $late %s;", r.one("grp0", "GRP1", "$group", "$srv"))
		if r.chance(40) {
			r.f("if ($http_x_alt) { set $late grp2; }")
		}
		r.f("proxy_pass http://$late%s;", r.one("", "$request_uri", "/"))
	case 7:
		r.f("error_page 404 = @n1;\nreturn 404;")
	case 8:
	case 9:
		r.f("if ($byhost) { return 418; }")
		r.pass(regex)
	default:
		r.pass(regex)
	}
}

func (r *random) pass(bare bool) {
	target := r.one("grp0", "grp1", "grp2", "GRP1", "$group", "$srv", "$SRV", "$split", fmt.Sprintf("127.0.0.1:%d",
		r.backend[r.IntN(len(r.backend))]))
	uri := ""
	switch {
	case r.chance(20):
		uri = "$request_uri"
	case !bare && !strings.HasPrefix(target, "$") && r.chance(30):
		uri = r.one("/", "/up/")
	}
	r.f("proxy_pass http://%s%s;", target, uri)
}

// requests are what a seed asks.
func (r *random) requests() []Request {
	hosts := []string{"one.example.org", "two.example.org", "x.example.org", "test.org", "y.test.org", "www.net",
		"abc.re.org", "none", "ONE.example.org"}
	paths := append([]string{"/a/b/c/d", "/x", "/a/x.gif", "/img/y.jpg", "/old/b", "/old/img/", "/abc", "/IMG/z",
		"/a//b/../c", "/%61/b", "/img", "/a/b?x=1", "/zb"}, randomPaths...)
	var all []Request
	for range 14 {
		q := Request{Address: "127.0.0.1", Port: r.ports[r.IntN(2)], Host: r.one(hosts...), Path: r.one(paths...),
			Method: r.one("GET", "GET", "POST", "PUT", "HEAD"), Header: map[string]string{}}
		if r.chance(40) {
			join := "?"
			if strings.Contains(q.Path, "?") {
				join = "&"
			}
			q.Path += join + r.one("x=1", "x=2z", "x=Q", "s=1", "x=0&s=2", "x=9")
		}
		if r.chance(25) {
			q.Header["Upgrade"] = "websocket"
		}
		if r.chance(25) {
			q.Header["X-Alt"] = r.one("1", "0")
		}
		all = append(all, q)
	}
	return all
}
