package nginxconf

import (
	"strings"
	"testing"
)

func TestSelectFollowsARequest(t *testing.T) {
	const text = `events {}
http {
  upstream app { server 10.0.0.7:8080; }
  map $http_x_beta $to { default app; 1 beta; }
  server { listen 80 default_server; return 301 https://$host$request_uri; }
  server { listen 80; server_name a.example.org;
    location / { proxy_pass http://$to; }
    location /api/ { proxy_pass http://10.0.0.8:8080; }
    location = /status { stub_status; }
    location ~ \.php$ { fastcgi_pass 10.0.0.9:9000; }
    location ^~ /files/ { root /srv; }
    location /old/ { rewrite ^/old/(.*)$ /api/$1 last; }
    location /loop { rewrite ^ /loop last; }
    location /post { limit_except GET { deny all; } proxy_pass http://10.0.0.6; }
    location /user/ { auth_request /auth; proxy_pass http://10.0.0.5; }
    location = /auth { internal; proxy_pass http://10.0.0.4; }
    location /first { try_files $uri @app; }
    location @app { proxy_pass http://app; }
  }
  server { listen 8080; server_name *.example.net ~^(?<who>[a-z]+)\.example\.com$;
    resolver 127.0.0.1;
    location / { if ($request_method = POST) { return 405; } proxy_pass http://$who.internal; } }
}
`
	config, err := Load("nginx.conf", Options{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		request Request
		kind    AnswerKind
		want    string // of the targets, or of the answer
		line    int
	}{
		{Request{}, AnswerReturn, "return 301", 5},
		{Request{Host: "A.example.org:80"}, AnswerRoute, "http://app", 7},
		{Request{Host: "a.example.org", Header: map[string]string{"x-beta": "1"}}, AnswerRoute, "http://beta", 7},
		{Request{Host: "a.example.org", Path: "/api/x?y=1"}, AnswerRoute, "http://10.0.0.8:8080", 8},
		{Request{Host: "a.example.org", Path: "/api"}, AnswerReturn, "location /api/", 8},
		{Request{Host: "a.example.org", Path: "//api/./x/../y"}, AnswerRoute, "http://10.0.0.8:8080", 8},
		{Request{Host: "a.example.org", Path: "/status"}, AnswerModule, "stub_status", 9},
		{Request{Host: "a.example.org", Path: "/x.php?a"}, AnswerRoute, "10.0.0.9:9000", 10},
		{Request{Host: "a.example.org", Path: "/files/x.php"}, AnswerStatic, "root /srv", 11},
		{Request{Host: "a.example.org", Path: "/old/x"}, AnswerRoute, "http://10.0.0.8:8080", 8},
		{Request{Host: "a.example.org", Path: "/loop"}, AnswerLoop, "in a circle", 13},
		{Request{Host: "a.example.org", Path: "/post", Method: "POST"}, AnswerDenied, "deny all", 14},
		{Request{Host: "a.example.org", Path: "/post", Method: "HEAD"}, AnswerRoute, "http://10.0.0.6", 14},
		{Request{Host: "a.example.org", Path: "/auth"}, AnswerDenied, "internal", 16},
		{Request{Host: "a.example.org", Path: "/first"}, AnswerRoute, "http://app", 18},
		{Request{Host: "a.example.org", Path: "bad"}, AnswerReturn, "400", 0},
		{Request{Port: 8080, Host: "bob.example.com"}, AnswerRoute, "http://bob.internal", 22},
		{Request{Port: 8080, Host: "x.example.net", Method: "POST"}, AnswerReturn, "return 405", 22},
		{Request{Port: 9999}, AnswerNobody, "no server", 0},
	} {
		a := config.Select(Release{}, tt.request)
		got := a.String()
		if a.Kind == AnswerRoute {
			got = ""
			for _, r := range a.Routes {
				got += r.Target
			}
		}
		line := 0
		if a.By != nil {
			line = a.By.Line
		}
		if a.Kind != tt.kind || !strings.Contains(got, tt.want) || line != tt.line {
			t.Errorf("%+v: %s %q in line %d, want %s %q in line %d", tt.request, a.Kind, got, line, tt.kind,
				tt.want, tt.line)
		}
	}
	if a := config.Select(Release{}, Request{Host: "a.example.org", Path: "/user/1"}); len(a.Also) != 1 ||
		a.Also[0].Target != "http://10.0.0.4" {
		t.Errorf("auth_request: %+v", a.Also)
	}
}

func TestServerNames(t *testing.T) {
	const text = `server { server_name a.org; } server { server_name *.a.org; } server { server_name *.b.a.org; }
server { server_name www.*; } server { server_name ~^x(?<n>[0-9]+)\.; } server { server_name .dot.org; } server { server_name ""; }`
	config, err := Load("x.conf", Options{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"a.org": "a.org", "A.ORG.": "a.org", "x.a.org": "*.a.org", "x.b.a.org": "*.b.a.org", "www.net": "www.*",
		"www.a.org": "*.a.org",
		"x12.net":   `~^x(?<n>[0-9]+)\.`, "dot.org": ".dot.org", "a.dot.org": ".dot.org", "": "", "other": "a.org",
	} {
		if a := config.Select(Release{}, Request{Host: host}); a.Server.Names[0] != want {
			t.Errorf("%q: %q, want %q", host, a.Server.Names[0], want)
		}
	}
}
