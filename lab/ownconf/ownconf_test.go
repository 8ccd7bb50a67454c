package ownconf

import (
	"math"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

func load(t *testing.T, text string) *nginxconf.Config {
	t.Helper()
	c, err := nginxconf.Load("nginx.conf", nginxconf.Options{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const full = `proxy_http_version 1.1; proxy_set_header Connection "";`

var older = nginxconf.MustRelease("1.26")

// TestSetup: what each directive makes of the numbers.
func TestSetup(t *testing.T) {
	base := law.Setup{Ports: 500, RatePerS: 200, InFlight: 10, Workers: 2, TwReuse: 2}
	one := "upstream half { server 10.0.0.7:80 down; server 10.0.0.8:80; }\n" +
		"upstream spare { server 10.0.0.7:80 down; server 10.0.0.8:80 backup; }\n" +
		"upstream app { server 10.0.0.7:80; server 10.0.0.8:80; %s }\nserver { location / { %s } }"
	for what, c := range map[string]struct {
		group, location string
		want            func(law.Setup) bool
		unknown         string // a part of one
	}{
		"even servers": {
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1000 && s.CloseShare == 1 && !s.Race },
			unknown:  "leaves a connection open",
		},
		"a third": {
			group:    "server 10.0.0.9:80;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1500 && !s.Uneven() },
		},
		"a weight": {
			group:    "server 10.0.0.9:80 weight=2;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1000 && s.Uneven() },
		},
		"the same": {
			group:    "server 10.0.0.7:80;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Destinations == 2 && s.Tuples() == 750 },
		},
		"a backup": {
			group:    "server 10.0.0.9:80 backup;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1000 },
		},
		"a pool": {
			group:    "keepalive 8;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Keepalive == 8 && s.RequestsPerConn == 1000 && s.Churn < 0.01 },
			unknown:  "how many requests the backend serves",
		},
		"a pool too small for the servers": {
			group:    "server 10.0.0.9:80; keepalive 2;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Churn == 1 && s.CloseShare == 1 && s.Tuples() == 1500 },
		},
		"one for an address listed twice": {
			group:    "server 10.0.0.7:80; keepalive 2;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Churn < 0.61 },
		},
		"at random": {
			group:    "server 10.0.0.9:80; server 10.0.0.10:80; random; keepalive 1;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Churn >= 0.75 && s.Churn < 1 },
		},
		"a short pool": {
			group:    "keepalive 8; keepalive_requests 50;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return math.Abs(s.Churn-0.02) < 1e-9 },
		},
		"an inert pool": {
			group:    "keepalive 8;",
			location: "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Keepalive == 0 && s.Churn == 1 && s.Race },
			unknown:  "0.01 to 0.72",
		},
		"no retries": {
			location: full + "proxy_next_upstream off; proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Ejection.NoRetry && s.Ejection.Peers == 2 },
		},
		"no ejection": {
			location: full + "proxy_pass http://10.0.0.7;",
			want:     func(s law.Setup) bool { return s.Ejection.Peers == 1 && s.Tuples() == 500 },
		},
		"a source": {
			location: full + "proxy_bind 10.0.0.2; proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Sources == 1 },
		},
		"transparent": {
			location: full + "proxy_bind $remote_addr transparent; proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Sources == 1 },
			unknown:  "each client is one",
		},
		"loopback": {
			location: full + "proxy_pass http://127.0.0.1:81;",
			want:     func(s law.Setup) bool { return s.Loopback && s.HoldTime().Seconds() == 1 },
			unknown:  "tcp_tw_reuse of the host",
		},
		"mixed": {
			group:    "server 127.0.0.1;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return !s.Loopback },
			unknown:  "mixture",
		},
		"a name": {
			location: full + "proxy_pass http://name;",
			want:     func(s law.Setup) bool { return s.Tuples() == 500 },
			unknown:  "how many addresses name:80 has",
		},
		"a variable": {
			location: full + "proxy_pass http://$arg_to;",
			want:     func(s law.Setup) bool { return s.Tuples() == 500 },
			unknown:  "where the requests go",
		},
		"any header": {
			group:    "keepalive 4;",
			location: `proxy_http_version 1.1; proxy_set_header Connection $http_connection; proxy_pass http://app;`,
			want:     func(s law.Setup) bool { return s.Keepalive == 4 },
			unknown:  "which Connection header",
		},
		"a cache": {
			location: full + "proxy_cache z; proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1000 },
			unknown:  "how many requests proxy_cache z answers",
		},
		"a limit": {
			location: full + "limit_req zone=z; proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.RatePerS == 200 },
			unknown:  "limit_req",
		},
		"a hash": {
			group:    "hash $uri;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1000 },
			unknown:  "many different keys",
		},
		"max_conns": {
			group:    "server 10.0.0.9 max_conns=4;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.Tuples() == 1500 },
			unknown:  "max_conns=4",
		},
		"half a socket": {
			group:    "server unix:/a.sock weight=2;",
			location: full + "proxy_pass http://app;",
			want:     func(s law.Setup) bool { return s.RatePerS == 100 && s.InFlight == 5 && s.Tuples() == 1000 },
			unknown:  "is answered by unix:/a.sock",
		},
		"one beside one that is down": {
			location: full + "proxy_pass http://half;",
			want:     func(s law.Setup) bool { return s.Ejection.Peers == 1 && s.Ejection.Beside && s.Tuples() == 500 },
		},
		"a backup for what is down": {
			location: full + "proxy_pass http://spare;",
			want:     func(s law.Setup) bool { return s.Tuples() == 500 },
			unknown:  "leaves a connection open",
		},
		"FastCGI":      {"", "fastcgi_pass app;", func(s law.Setup) bool { return s.CloseShare == 0 }, ""},
		"kept FastCGI": {"", "fastcgi_keep_conn on; fastcgi_pass app;", func(s law.Setup) bool { return s.CloseShare == 1 }, ""},
		"uwsgi":        {"", "uwsgi_pass app;", func(s law.Setup) bool { return s.Race }, ""},
		"gRPC": {
			group:    "keepalive 4;",
			location: "grpc_pass grpc://app;",
			want:     func(s law.Setup) bool { return s.Keepalive == 4 && s.CloseShare == 1 },
		},
	} {
		config := load(t, strings.Replace(strings.Replace(one, "%s", c.group, 1), "%s", c.location, 1))
		told := Of(config.Routes(older)[0], base)
		if told.Case != TakesPorts || !c.want(told.Setup.Complete()) {
			t.Errorf("%s: %s, %+v", what, told.Case, told.Setup.Complete())
		}
		found := c.unknown == ""
		for _, u := range told.Unknown {
			found = found || strings.Contains(u.Text, c.unknown)
		}
		if !found {
			t.Errorf("%s: nothing about %q among what is unknown: %+v", what, c.unknown, told.Unknown)
		}
	}
}

// TestCases: routes that the laws have nothing to say about.
func TestCases(t *testing.T) {
	for text, want := range map[string]Case{
		"server { location / { proxy_pass http://unix:/a.sock; } }":                                                            NoPorts,
		"upstream app { server unix:/a.sock; }\nserver { location / { fastcgi_pass app; } }":                                   NoPorts,
		"upstream app { server 10.0.0.7 down; }\nserver { location / { proxy_pass http://app; } }":                             NoPeer,
		"server { location / { uwsgi_pass unix:///a.sock; } }":                                                                 NoPorts,
		"upstream app { server 10.0.0.7 down; server unix:/a.sock; }\nserver { location / { proxy_pass http://app; } }":        NoPorts,
		"upstream app { server unix:/a.sock; server 10.0.0.7 backup; }\nserver { location / { proxy_pass http://app; } }":      NoPorts,
		"upstream app { server unix:/a.sock down; server 10.0.0.7 backup; }\nserver { location / { proxy_pass http://app; } }": TakesPorts,
		"stream { server { listen 53 udp; proxy_pass 10.0.0.7:53; } }":                                                         NoLaw,
		"stream { server { listen 53; proxy_pass 10.0.0.7:53; } }":                                                             TakesPorts,
		"upstream app { server 10.0.0.7; server unix:/a.sock; }\nserver { location / { proxy_pass http://app; } }":             TakesPorts,
	} {
		if got := Of(load(t, text).Routes(older)[0], law.Setup{Ports: 500, RatePerS: 1}).Case; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestShares: where split_clients chooses between groups, each gets its part.
func TestShares(t *testing.T) {
	c := load(t, `split_clients $request_id $to { 75% 10.0.0.7; * 10.0.0.8; }
server { location / { `+full+` proxy_pass http://$to; } }`)
	for i, want := range []float64{150, 50} {
		told := Of(c.Routes(older)[i], law.Setup{Ports: 500, RatePerS: 200})
		if told.Setup.RatePerS != want {
			t.Errorf("route %d: %g requests a second, want %g: %+v", i, told.Setup.RatePerS, want, told.Facts)
		}
	}
}

// TestUnevenSources: a pair of source and destination is as heavy as the two
// together.
func TestUnevenSources(t *testing.T) {
	c := load(t, `split_clients $request_id $from { 75% 10.0.0.2; * 10.0.0.3; }
upstream app { server 10.0.0.7:80 weight=3; server 10.0.0.8:80; }
server { location / { `+full+` proxy_bind $from; proxy_pass http://app; } }`)
	s := Of(c.Routes(older)[0], law.Setup{Ports: 500, RatePerS: 200}).Setup.Complete()
	if s.Sources != 2 || s.Destinations != 2 || math.Abs(s.HeaviestShare-0.75*0.75) > 1e-9 || s.Tuples() != 888 {
		t.Errorf("S %d, D %d, heaviest pair %g, K %d; want 2, 2, 0.5625 and 888",
			s.Sources, s.Destinations, s.HeaviestShare, s.Tuples())
	}
	nat := Of(c.Routes(older)[0], law.Setup{Ports: 500, RatePerS: 200, NAT: true, Sources: 4}).Setup.Complete()
	if nat.Sources != 4 || nat.Tuples() != 2666 {
		t.Errorf("behind a NAT of 4 addresses: S %d, K %d; want 4 and 2666", nat.Sources, nat.Tuples())
	}
}

const site = `worker_processes 4;
http {
	server { listen 80 default_server; return 444; }
	server { listen 80; server_name example.org; return 301 https://$host$request_uri; }
	server {
		listen 443 ssl; server_name example.org www.example.org;
		location = /exact { proxy_pass http://exact; }
		location /prefix/ { proxy_pass http://prefix; }
		location ~ ^/v[0-9]+/(a|b)\.php$ { proxy_pass http://regex; }
		location ~* \.(jpg|png)$ { proxy_pass http://images; }
		location / { try_files $uri @app; }
		location @app { proxy_pass http://named; }
		location /internal/ { internal; proxy_pass http://hidden; }
	}
	server { listen 8443 ssl; server_name *.other.org; location / { proxy_pass http://other; } }
}
stream {
	server { listen 10.0.0.1:3306; proxy_pass db:3306; }
	server { listen 5432; proxy_pass pg:5432; }
}`

// TestChoose: which route a request takes, and what had to be assumed.
func TestChoose(t *testing.T) {
	c := load(t, site)
	for _, r := range []struct{ host, path, want string }{
		{"", "/", "named"}, {"example.org", "/exact", "exact"}, {"example.org:80", "/exact", ""},
		{"example.org", "/x", "named"}, {"www.example.org", "/prefix/a", "prefix"},
		{"example.org:443", "/v12/a.php", "regex"}, {":443", "/prefix/", "prefix"},
		{"a.other.org:8443", "/", "other"}, {":3306", "", "db"}, {"10.0.0.1:3306", "", "db"},
		{"10.0.0.2:3306", "", ""}, {":5432", "/", "pg"}, {"example.org", "/internal/", ""},
		{"nobody.org:9", "/", ""},
	} {
		got := Choose(c, older, r.host, r.path)
		upstream := ""
		if len(got.Routes) == 1 {
			upstream, _, _ = strings.Cut(got.Routes[0].Upstream.Name, ":")
		}
		if upstream != r.want || len(got.Routes) > 1 {
			t.Errorf("%s %s: %q of %d routes (%s), want %q",
				r.host, r.path, upstream, len(got.Routes), got.Answer, r.want)
		}
	}
	if a := Choose(c, older, "example.org", "/exact").Assumed; len(a) == 0 || !strings.Contains(a[0], "HTTPS") {
		t.Errorf("that plain HTTP is redirected is not said: %v", a)
	}
	if n, d := Workers(c); n != 4 || d == nil {
		t.Errorf("%d workers, by %v; want 4", n, d)
	}
	if n, _ := Workers(load(t, "server { }")); n != 0 {
		t.Errorf("%d workers of a part of a configuration, want 0 for unknown", n)
	}
}

// TestAsk: every route that a client can reach has a host and path that do.
func TestAsk(t *testing.T) {
	c := load(t, site)
	want := map[string]string{
		"exact": " /exact", "prefix": " /prefix/", "images": " /.jpg", "named": " /",
		"other": "www.other.org:8443 /", "db": ":3306 ", "pg": ":5432 ", "regex": " /v1/a.php",
	}
	for _, r := range c.Routes(older) {
		name, _, _ := strings.Cut(r.Upstream.Name, ":")
		host, path, ok := Ask(c, older, r)
		if got := host + " " + path; got != want[name] && want[name] != "" || ok != (name != "hidden") {
			t.Errorf("%s: %q, %t; want %q", name, got, ok, want[name])
		}
		if ok && len(Choose(c, older, host, path).Routes) == 0 {
			t.Errorf("%s: %q reaches no backend", name, host+path)
		}
	}
}

// TestNewer: without a release both answers are there, where they differ.
func TestNewer(t *testing.T) {
	c := load(t, "upstream app { server 10.0.0.7; }\nserver { location / { proxy_pass http://app; "+
		"} location /php { fastcgi_pass 10.0.0.8:9000; } }")
	got := Choose(c, nginxconf.Release{}, "", "/")
	if len(got.Newer) != 1 || got.Newer[0].Pool.State != nginxconf.PoolWorks ||
		got.Routes[0].Pool.State != nginxconf.PoolNone {
		t.Errorf("%d newer routes of /", len(got.Newer))
	}
	if got := Choose(c, nginxconf.Release{}, "", "/php"); len(got.Newer) != 0 {
		t.Error("/php is not the same in all releases")
	}
	if got := Choose(c, older, "", "/"); len(got.Newer) != 0 {
		t.Error("a known release has two answers")
	}
}
