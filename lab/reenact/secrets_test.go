package reenact

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lab99/lab99/scenarios/nginxconf"
)

// marker is in every word of the configurations below that is the host's own.
const marker = "s3cr3t"

// secrets are configurations whose words must not be found again. Each leads to
// 10.0.0.9:8080.
var secrets = map[string]map[string]string{
	"certificates and passwords": {"nginx.conf": `user s3cr3t; pid /run/s3cr3t.pid; error_log /s3cr3t/e;
env S3CR3T=s3cr3t; load_module s3cr3t.so;
events {}
http {
	upstream s3cr3t { server 10.0.0.9:8080; server s3cr3t.internal:8080; zone s3cr3t 64k; }
	server {
		listen 443 ssl; server_name s3cr3t.example *.s3cr3t.example;
		ssl_certificate /etc/s3cr3t.pem; ssl_certificate_key /etc/s3cr3t.key; ssl_password_file /etc/s3cr3t;
		auth_basic "s3cr3t"; auth_basic_user_file /etc/s3cr3t.htpasswd;
		add_header X-S3cr3t "s3cr3t" always;
		location /s3cr3t/ {
			proxy_pass https://s3cr3t/s3cr3t?token=s3cr3t;
			proxy_set_header Authorization "Bearer s3cr3t";
			proxy_set_header Connection "s3cr3t";
			proxy_ssl_certificate_key /etc/s3cr3t.key; proxy_ssl_name s3cr3t;
			proxy_next_upstream error http_s3cr3t;
			proxy_connect_timeout s3cr3t;
			proxy_http_version "1.1s3cr3t";
		}
	}
}`},
	"maps, variables and blocks of code": {"nginx.conf": `events { worker_connections s3cr3t; }
worker_processes s3cr3t;
http {
	map $http_x $token { default s3cr3t; "s3cr3t" "s3cr3t"; ~^s3cr3t 1; include /etc/s3cr3t.map; }
	geo $s3cr3t { 10.0.0.0/8 s3cr3t; }
	split_clients "s3cr3t$remote_addr" $source { 50% 10.0.0.5; * 10.0.0.6; }
	lua_shared_dict s3cr3t 1m;
	init_by_lua_block { local key = "s3cr3t" }
	resolver 10.0.0.53 s3cr3t.example;
	log_format s3cr3t 's3cr3t $token';
	server {
		set $backend 10.0.0.9:8080; set $s3cr3t "s3cr3t";
		if ($http_s3cr3t = "s3cr3t") { return 403 "s3cr3t"; }
		location ~ ^/(s3cr3t|t0k3n) {
			access_by_lua_block { if ngx.var.http_x ~= "s3cr3t" then ngx.exit(403) end }
			rewrite ^/s3cr3t /s3cr3t?s3cr3t=s3cr3t break;
			proxy_bind $source;
			proxy_pass http://$backend;
		}
	}
}`},
	"included files": {
		"nginx.conf": "events {}\nhttp {\n include s3cr3t.d/app.conf;\n include s3cr3t.d/missing.conf;\n}",
		"s3cr3t.d/app.conf": "upstream s3cr3t { hash $http_s3cr3t; server 10.0.0.9:8080 slow_start=s3cr3t route=s3cr3t;\n" +
			"keepalive 8; include s3cr3t.d/more; }\n" +
			"server { location @s3cr3t { proxy_pass http://s3cr3t; } location / { proxy_pass http://s3cr3t; } }",
		"s3cr3t.d/more": "server s3cr3t.internal:9000 down;\nserver unix:/run/s3cr3t.sock;",
	},
	"unknown directives, quoted names and comments": {"nginx.conf": `# s3cr3t
events {}
http {
	"s3cr3t" s3cr3t;
	s3cr3t_module { s3cr3t s3cr3t; "s3cr3t" { s3cr3t; } }
	server { s3cr3t; location / { proxy_pass http://10.0.0.9:8080; s3cr3t "a
 s3cr3t"; } # s3cr3t
	}
}`},
}

// TestNoSecretSurvives: no word of the host's own is in any file.
func TestNoSecretSurvives(t *testing.T) {
	for name, files := range secrets {
		t.Run(name, func(t *testing.T) {
			s := host(28232, waiting("10.0.0.5", "10.0.0.9:8080", 9000, 600))
			n := &s.Namespaces[0]
			n.Name, n.Processes[0].Name = "container s3cr3t", "s3cr3t"
			n.Sysctls["net.core.somaxconn"], n.Sysctls["net.ipv4.ip_local_reserved_ports"] = "s3cr3t", "s3cr3t"
			s.Kernel = "6.1.0-s3cr3t"
			if !withNginx(t, s, files) {
				t.Fatal("the configuration cannot be read")
			}
			c, dir, _ := save(t, s)
			if c.route == nil {
				t.Fatal("the route is not found")
			}
			all := everything(t, dir)
			for _, word := range []string{marker, "t0k3n", "10.0.0.", "443", "9000", "internal"} {
				if i := strings.Index(strings.ToLower(all), word); i >= 0 {
					t.Errorf("%q is left: …%s…", word, all[max(0, i-60):min(len(all), i+60)])
				}
			}
			for _, line := range strings.Split(read(t, dir, configFile), "\n") {
				if !language.MatchString(line) {
					t.Errorf("%q is none of the lines that may be written", line)
				}
			}
		})
	}
}

// language is all that a configuration may be, line by line. It is said once more here,
// so that a new line in config.go has to be thought about twice.
var language = regexp.MustCompile(`^ *(` + strings.Join([]string{
	``, `#.*`, `[{}]`, `events \{`, `http \{`, `server \{`, `location / \{`, `upstream backend \{`,
	`worker_processes (\d{1,7}|auto);`, `worker_connections \d{1,7};`,
	`listen 80;`, `zone backend 64k;`, `least_conn;`, `random;`,
	`server backend\d+:8080( weight=\d+)?( max_fails=\d+)?( fail_timeout=\d+m?s)?( max_conns=\d+)?( backup)?;`,
	`keepalive \d+;( +# .*)?`, `keepalive_requests 1000000;( +# .*)?`,
	`proxy_pass http://backend;`, `proxy_http_version 1\.1;( +# .*)?`,
	`proxy_set_header Connection "";`, `proxy_bind \$source;`,
	`split_clients "\$connection\$connection_requests\$msec" \$source \{`, `(\d+\.\d\d%|\*) 192\.0\.2\.\d+;`,
	`proxy_(connect|send|read|next_upstream)_timeout \d{1,7}(ms|[smhd])?;`, `proxy_next_upstream_tries \d{1,7};`,
	`proxy_next_upstream( (error|timeout|invalid_header|http_\d{3}|non_idempotent|off))+;`,
	`proxy_(buffering|request_buffering|ignore_client_abort|socket_keepalive) (on|off);`,
}, "|") + `)$`)

// listed is all that the list of what was left out may be.
var listed = regexp.MustCompile(
	`^  ([a-z0-9_]+|others, whose names are not known to be nginx's): \d+:\d+(, \d+:\d+)*( and [0-9,]+ more)?$`)

// FuzzConfiguration: whatever an nginx.conf says, what is written is of a language that has
// no word of the host's own in it, and nginx's parser reads it.
func FuzzConfiguration(f *testing.F) {
	for _, files := range secrets {
		f.Add(files["nginx.conf"])
	}
	f.Add(config)
	f.Add("events {}\nhttp {\n" + app + "}\n")
	f.Add("http { upstream a { server 10.0.0.9:8080 weight=-3 max_fails=-1 fail_timeout=90000000d max_conns=9 backup;\n" +
		"server 10.0.0.9:8080; }\n" +
		"server { location / { proxy_pass http://a; } } }")
	f.Fuzz(func(t *testing.T, text string) {
		s := host(28232, waiting("10.0.0.5", "10.0.0.9:8080", 900, 60))
		if !withNginx(t, s, map[string]string{"nginx.conf": text}) {
			return
		}
		c := choose(t, s)
		if c.route == nil {
			return
		}
		as := c.route.configure(0, 2)
		for line := range strings.Lines(as.text) {
			if !language.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%q is none of the lines that may be written", line)
			}
		}
		if _, err := nginxconf.Parse("nginx.conf", []byte(as.text)); err != nil {
			t.Errorf("%v: %s", err, as.text)
		}
		list, _ := c.removed(as.used)
		_, list, _ = strings.Cut(list, "nginx reads them:\n")
		for line := range strings.Lines(list) {
			if line = strings.TrimSuffix(line, "\n"); line != "  nothing" && !listed.MatchString(line) {
				t.Errorf("%q is none of the lines that may be written", line)
			}
		}
	})
}
