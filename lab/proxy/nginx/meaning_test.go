package nginx

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/scenarios"
)

const head = "events {}\nhttp {\n"

// meanings are configurations, and what the lab makes of them. The address of the
// backend is 198.18.77.20:8080, further ones count up; the lab listens on
// 198.18.77.10:8080.
var meanings = map[string]struct {
	files     map[string]string // nginx.conf and what lies beside it
	addresses int
	has       []string
	not       []string
}{
	"servers of a group in a file it includes": {
		files: map[string]string{
			"nginx.conf": head + "upstream app { include app.servers; keepalive 8; }\n" +
				"server { location / { proxy_pass http://app; } } }",
			"app.servers": "server 10.0.0.1:80;\nserver 10.0.0.2:80 weight=2;\n",
		},
		has: []string{"server 198.18.77.20:8080 weight=2;"}, not: []string{"server 10."},
	},
	"addresses left over, of a file that two groups include": {
		files: map[string]string{
			"nginx.conf": head + "upstream a { include s; } upstream b { include s; }\n" +
				"server { location / { proxy_pass http://a; } location /b { proxy_pass http://b; } } }",
			"s": "server 10.0.0.1 max_fails=2;",
		},
		addresses: 2,
		has: []string{"upstream a { include included/1-s;  server 198.18.77.21:8080 max_fails=2;}",
			"server 198.18.77.20:8080 max_fails=2;"},
	},
	"listen in a file that servers include": {
		files: map[string]string{
			"nginx.conf": head + "server { include l; location / { proxy_pass http://10.0.0.1; } }\n" +
				"server { include l; return 404; } }",
			"l": "listen 80;\nlisten 443 ssl;\n",
		},
		has: []string{"listen 198.18.77.10:8080 default_server;", "aside-1.sock"}, not: []string{"listen 80", "listen 443"},
	},
	"values of a map in a file it includes": {
		files: map[string]string{
			"nginx.conf": head + "map $host $b { include b.map; }\nserver { location / { proxy_pass http://$b; } } }",
			"b.map":      "a.example 10.0.0.1:80;\ndefault web;\n",
		},
		has: []string{"a.example 198.18.77.20:8080;", "default 198.18.77.20:8080;"},
	},
	"a name that is a pattern": {
		files: map[string]string{
			"nginx.conf": head + "include *.inc;\n}",
			"a[b].inc":   "server { location / { proxy_pass http://10.0.0.1; } }",
		},
		has: []string{"include included/1-a_b_.inc;"},
	},
	"caches": { // nginx makes their directories when it starts
		files: map[string]string{"nginx.conf": head +
			"fastcgi_cache_path /data/f keys_zone=f:1m;\nproxy_cache_path /data/p keys_zone=p:1m;\n" +
			"server { location / { proxy_pass http://10.0.0.1; } } }"},
		not: []string{" /data/"},
	},
	"backups and what is down come after what serves": {
		files: map[string]string{"nginx.conf": head + "upstream a { server 10.0.0.1 down; server 10.0.0.2 backup; " +
			"server 10.0.0.3; server 10.0.0.4; }\n" +
			"server { location / { proxy_pass http://a; } } }"},
		addresses: 3,
		has: []string{"server 198.18.77.20:8080 down; server 198.18.77.22:8080 backup; server 198.18.77.20:8080; " +
			"server 198.18.77.21:8080;"},
		not: []string{"share"},
	},
	"the client's scheme": {
		files: map[string]string{"nginx.conf": head + "server { location / { proxy_pass $scheme://10.0.0.1:81/x; } } }"},
		has:   []string{"proxy_pass http://198.18.77.20:8080/x;"},
	},
	"a server that only nginx itself reaches": {
		files: map[string]string{"nginx.conf": head + "server { listen 127.0.0.1:81; " +
			"location / { proxy_pass http://10.0.0.1; } }\n" +
			"server { listen 80; location / { proxy_pass http://127.0.0.1:81; } } }"},
		has: []string{"server { listen unix:/", "\nserver { listen 198.18.77.10:8080 default_server;"},
	},
	"http in a file that is included": {
		files: map[string]string{
			"nginx.conf": "events {}\ninclude http.conf;",
			"http.conf":  "http { server { location / { proxy_pass http://10.0.0.1; } } }",
		},
		addresses: 2,
		has:       []string{"http { upstream lab99 {"},
	},
	"a bare pass": {
		files: map[string]string{"nginx.conf": "proxy_http_version 1.1;\nproxy_pass http://10.0.0.1:90;\n"},
		has:   []string{"server { listen 198.18.77.10:8080 default_server; location / { proxy_http_version 1.1;\n", "\n}}}"},
	},
	"the inside of a server": {
		files: map[string]string{"nginx.conf": "listen 443 ssl;\nlocation / { proxy_pass http://10.0.0.1:90; }\n"},
		not:   []string{"listen 443"},
	},
	"a name and its port": { // as with Docker, whose names are looked up late
		files: map[string]string{"nginx.conf": head + "server { location / { set $Up app; proxy_pass http://$up:3000; } } }"},
		has:   []string{"set $Up 198.18.77.20:8080;", "proxy_pass http://$up;"},
	},
	"a name and a port, both variables": {
		files: map[string]string{"nginx.conf": head + "server { location / { set $h 10.0.0.1; set $p 81; " +
			"proxy_pass http://$h:$p/x; } } }"},
		has: []string{"set $h 198.18.77.20:8080;", "proxy_pass http://$h/x;"},
	},
	"a port in the value between": {
		files: map[string]string{"nginx.conf": head + "server { location / { set $n web; set $t ${n}:80; " +
			"proxy_pass http://$t; } } }"},
		has: []string{"set $n 198.18.77.20:8080;", `set $t "${n}";`},
	},
	"a group's name before a port": { // nginx looks it up as a host: no group, no pool
		files: map[string]string{"nginx.conf": head +
			"upstream app { server 10.0.0.1; keepalive 8; }\nserver { location / { set $u app; proxy_pass http://$u:80; } } }"},
		has: []string{"set $u 198.18.77.20:8080;"},
	},
	"a variable of the URI": {
		files: map[string]string{"nginx.conf": head + "server { location / { set $file index.html; " +
			"proxy_pass http://10.0.0.1/$file; } } }"},
		has: []string{"set $file index.html;"},
	},
	"a part of a host": {
		files: map[string]string{"nginx.conf": head + "map $host $sub { default a.b; }\n" +
			"server { location /x { proxy_pass http://$sub.internal; } location / { proxy_pass http://10.0.0.1; } } }"},
		has: []string{"default a.b;", "left as it is"},
	},
	"a trusted proxy of geo": {
		files: map[string]string{"nginx.conf": head +
			"geo $g { default 10.0.0.1:80; proxy 192.168.0.1; }\nserver { location / { proxy_pass http://$g; } } }"},
		has: []string{"default 198.18.77.20:8080;", "proxy 192.168.0.1;"},
	},
	"shares by weight": {
		files: map[string]string{"nginx.conf": head + "upstream a { server 10.0.0.1 weight=3; server 10.0.0.2; }\n" +
			"server { location / { proxy_pass http://a; } } }"},
		addresses: 3,
		not:       []string{"198.18.77.22"},
	},
	"sockets of other passes stay": {
		files: map[string]string{"nginx.conf": head + "server { location / { proxy_pass http://10.0.0.1; } " +
			"location /u { uwsgi_pass unix:///run/u.sock; } location /f { fastcgi_pass unix:/f.sock; } } }"},
		has: []string{"uwsgi_pass unix:///run/u.sock;", "fastcgi_pass unix:/f.sock;"},
	},
	"a backup": {
		files: map[string]string{"nginx.conf": head + "upstream a { server 10.0.0.1 max_fails=0; " +
			"server 10.0.0.2 backup; }\nserver { location / { proxy_pass http://a; } } }"},
		addresses: 3,
		has:       []string{"server 198.18.77.22:8080 max_fails=0;", "server 198.18.77.21:8080 backup;"},
	},
	"streams": { // their hosts have no name in the lab, and nginx would not start
		files: map[string]string{
			"nginx.conf": "stream { include s; }\nevents {}\nhttp { server { location / { proxy_pass http://db; } } }",
			"s":          "upstream db { server db.internal:5432; }\nserver { listen 5432; proxy_pass db; }",
		},
		has: []string{"proxy_pass http://198.18.77.20:8080;"}, not: []string{"db.internal", "included/"},
	},
}

// A configuration means in the lab what it means to its owner.
func TestRewritesKeepTheMeaning(t *testing.T) {
	for name, c := range meanings {
		t.Run(name, func(t *testing.T) {
			out, notes := configured(t, c.files, max(1, c.addresses))
			for _, want := range c.has {
				if !strings.Contains(out+notes, want) {
					t.Errorf("no %q in\n%s%s", want, out, notes)
				}
			}
			for _, unwanted := range c.not {
				if strings.Contains(out, unwanted) {
					t.Errorf("%q in\n%s", unwanted, out)
				}
			}
		})
	}
}

// configured is what the lab makes of a configuration on disk: all of its files,
// and the notes.
func configured(t *testing.T, files map[string]string, addresses int) (out, notes string) {
	t.Helper()
	v := onDisk(t, files)
	v.Backend.Addresses = addresses
	c, err := Kind{}.Configure(v, site(v, "1.29.7"))
	if err != nil {
		t.Fatal(err)
	}
	out = string(c.Text)
	for _, text := range c.More {
		out += "\n" + string(text)
	}
	return out, strings.Join(c.Rewrites, "\n")
}

func onDisk(t *testing.T, files map[string]string) scenarios.Variant {
	t.Helper()
	dir := t.TempDir()
	filetest.Tree(t, dir, files)
	v := own(files["nginx.conf"], 1)
	v.Backend.Ports, v.Proxy.Addresses = 1, 1
	v.Load.Path, v.Load.Method = "/", "GET"
	v.ProxyFile.Label, v.ProxyFile.OnDisk = filepath.Join(dir, "nginx.conf"), true
	return v
}

// What stands in one line, or in the output of nginx -T, is told apart in what the
// user wrote.
func TestUnderstandFindsWhatTheUserWrote(t *testing.T) {
	v := onDisk(t, map[string]string{"nginx.conf": "# configuration file /etc/nginx/nginx.conf:\nevents {}\n" +
		"http { server { location /a { proxy_pass http://10.0.0.1; } location / { proxy_pass https://127.0.0.1; } } }\n"})
	o := understand(v, "1.29.7")
	if o == nil || !o.Passed || !o.Secure || !o.Loopback ||
		!strings.Contains(o.Answer, "/etc/nginx/nginx.conf:2: proxy_pass https://127.0.0.1") {
		t.Errorf("%+v", o)
	}
}

func TestAMistakeInADumpNamesItsFile(t *testing.T) {
	v := onDisk(t, map[string]string{"nginx.conf": "# configuration file /etc/nginx/nginx.conf:\nevents {}\n" +
		"http { server { location / { fastcgi_pass 10.0.0.1:9000; } } }\n"})
	_, err := Kind{}.Configure(v, site(v, "1.29.7"))
	if err == nil || !strings.HasPrefix(err.Error(), "/etc/nginx/nginx.conf:2:30: fastcgi_pass") {
		t.Errorf("%v", err)
	}
}

// Where the load does not reach a backend, what is proposed does.
func TestProposalsReachABackend(t *testing.T) {
	for name, c := range map[string]struct{ servers, want string }{
		"a prefix":      {"server { location /api/ { proxy_pass http://10.0.0.1; } }", "--set load.path=/api/"},
		"an expression": {"server { location ~ ^/v\\d/ { proxy_pass http://10.0.0.1; } }", "--set load.path=/v1/"},
		"another server": {"server { listen 80 default_server; location /x { proxy_pass http://10.0.0.1; " +
			"} location / { return 200; } }\n" +
			"server { server_name b.example; location /x { return 404; } location = /y { proxy_pass http://10.0.0.1; } }",
			"--set load.path=/x"},
		"a server by name": {"server { listen 80 default_server; location /x { deny all; proxy_pass http://10.0.0.1; } }\n" +
			"server { server_name b.example; location = /y { proxy_pass http://10.0.0.1; } }", "--set load.path=/y"},
		"a server at another port": {"server { listen 80; location /x { deny all; proxy_pass http://10.0.0.1; } }\n" +
			"server { listen 81; server_name b.example; location = /y { proxy_pass http://10.0.0.1; } }", "--set load.path=/y"},
		"another host than the load's": {"server { server_name a.example; return 404; }\n" +
			"server { server_name b.example; location / { proxy_pass http://10.0.0.1; } }", "--set load.path=/ --set load.host=b.example"},
		"a group without a server that is up": {
			servers: "upstream a { server 10.0.0.1 down; } server { location / { proxy_pass http://a; } }",
			want:    "502 by itself",
		},
		"none": {"server { location /x { internal; proxy_pass http://10.0.0.1; } }", "the file passes on"},
	} {
		t.Run(name, func(t *testing.T) {
			v := onDisk(t, map[string]string{"nginx.conf": head + c.servers + "}"})
			if strings.Contains(c.want, "load.host") {
				v.Load.Host = "a.example"
			}
			o := understand(v, "1.29.7")
			if o == nil || o.Passed || !strings.Contains(o.Answer, c.want) ||
				strings.Contains(o.Answer, "--set") != strings.HasPrefix(c.want, "--set") {
				t.Errorf("%+v", o)
			}
		})
	}
}

// Of servers at different ports the one that passes the load on is meant.
func TestServersOfOneNameAtSeveralPorts(t *testing.T) {
	const servers = head + "server { listen 80; server_name a.example; " +
		"location /.well-known/ { proxy_pass http://10.0.0.1; } location / { return 301 https://$host; } }\n" +
		"server { listen 443 ssl; server_name a.example; location / { proxy_pass http://10.0.0.2; } }\n" +
		"server { listen 443 ssl; server_name *.b.example; location / { proxy_pass http://10.0.0.3; } }\n" +
		"server { listen 443 ssl; server_name static.example; location / { root /srv; } } }"
	for host, pass := range map[string]string{
		"":               "http://10.0.0.2",
		"a.example":      "http://10.0.0.2",
		"A.Example:443":  "http://10.0.0.2",
		"x.b.example":    "http://10.0.0.3",
		"static.example": "",
	} {
		v := onDisk(t, map[string]string{"nginx.conf": servers})
		v.Load.Host = host
		o := understand(v, "1.29.7")
		if o == nil || o.Passed != (pass != "") || !strings.Contains(o.Answer, pass) {
			t.Errorf("%q: %+v", host, o)
		}
	}
}
