package nginxconf

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// nothingElse opens no file.
func nothingElse(path string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func loaded(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Load("nginx.conf", Options{Text: []byte(text), Open: nothingElse})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWhereFilesDecide: what public configurations write to ask for files first.
func TestWhereFilesDecide(t *testing.T) {
	php := `index index.php; location / { try_files $uri $uri/ =404; }
location ~ \.php$ { try_files $uri =404; fastcgi_pass 127.0.0.1:9000; }`
	for what, c := range map[string]struct {
		server, path string
		noFiles      bool
		want         AnswerKind
	}{
		"a server's own try_files": {
			server: `try_files $uri @app; location @app { proxy_pass http://127.0.0.1:81; }`,
			path:   "/",
			want:   AnswerRoute,
		},
		"a server's own deny": {
			server: `deny all; location @app { proxy_pass http://127.0.0.1:81; }`,
			path:   "/",
			want:   AnswerDenied,
		},
		"a script behind =404":           {php, "/a.php", false, AnswerRoute},
		"no script behind =404":          {php, "/a.php", true, AnswerStatic},
		"an index that is a script":      {php, "/", false, AnswerStatic}, // /: its own try_files comes first
		"a page for every path":          {`location / { try_files $uri $uri/ /index.html; }`, "/a", false, AnswerStatic},
		"a page for every path, missing": {`location / { try_files $uri $uri/ /index.html; }`, "/a", true, AnswerLoop},
		"a front controller": {
			server: `location / { try_files $uri /index.php?$args; } location ~ \.php$ { try_files $uri =404; ` +
				`fastcgi_pass 127.0.0.1:9000; }`,
			path: "/a",
			want: AnswerRoute,
		},
	} {
		a := loaded(t, "server { "+c.server+" }").Select(Release{}, Request{Path: c.path, NoFiles: c.noFiles})
		if a.Kind != c.want {
			t.Errorf("%s: %s (%s), want %s; taken for granted: %q", what, a.Kind, a, c.want, a.Assumed)
		}
	}
}

// TestHints: what is no nginx configuration yet is said to be that.
func TestHints(t *testing.T) {
	for text, want := range map[string]string{
		"http {\n{% if tls %}\nserver { }\n}": "template ({%)",
		"worker_processes {{ .Env.N }};":      "template ({{)",
		"server { listen 80; <% if x %> }\n":  "template (<%)",
		"server { listen 80；\n}":              "U+FF1B",
		"log_format a “$host”x{}}; {":         "U+201C",
		"\x7fELF\x00{{ <%\x01 ":               "binary",
		"server { listen 80;":                 "",
		"{ # {{ in a comment\n":               "",
	} {
		_, err := Parse("nginx.conf", []byte(text))
		s := (*SyntaxError)(nil)
		if !errors.As(err, &s) {
			t.Errorf("%q: %v, want a syntax error", text, err)
		} else if want == "" != (s.Hint == "") || !strings.Contains(s.Hint, want) {
			t.Errorf("%q: %v, hint %q, want %q in it", text, err, s.Hint, want)
		}
	}
}

// TestTargetsBehindWhichMoreStands: a variable behind the host decides on no
// destination.
func TestTargetsBehindWhichMoreStands(t *testing.T) {
	for location, want := range map[string]string{
		`set $t http://a$request_uri; proxy_pass $t;`:                         "a",
		`set $t "http://a/x?y=$arg_y"; proxy_pass $t;`:                        "a",
		`set $p http://a/; set $t $p$uri$is_args; proxy_pass $t;`:             "a",
		`set $s ""; if ($uri = /b) { set $s ?$args; } proxy_pass http://a$s;`: "a",
		`set $t http://$arg_a/x; proxy_pass $t;`:                              "",
		`set $t http://a$arg_a; proxy_pass $t;`:                               "",
		`proxy_pass http://$host:81;`:                                         "",
	} {
		c := loaded(t, "upstream a { server 10.0.0.7; }\nserver { location / { "+location+" } }")
		name := ""
		if r := c.Routes(Release{})[0]; r.Unknown == "" {
			name = r.Upstream.Name
		}
		if name != want {
			t.Errorf("%s: leads to %q, want %q", location, name, want)
		}
	}
}

// TestFindingsOfPublicFiles: what is found, and what is not.
func TestFindingsOfPublicFiles(t *testing.T) {
	const ka = "upstream a { server 10.0.0.7; keepalive 8; }\n"
	for what, c := range map[string]struct {
		text, id string
		found    bool
		says     string
	}{
		"Lua opens its own connections": {
			text:  "server { location / { content_by_lua_block { a() } } }",
			id:    "not-proxied",
			found: true,
			says:  "a script may open",
		},
		"njs too":            {"server { location / { js_content a; } }", "not-proxied", true, "a script may open"},
		"files do not":       {"server { location / { root /a; } }", "not-proxied", true, "opens no connections"},
		"a module's servers": {"upstream a { postgres_server 10.0.0.7; }", "nginx-refuses", false, ""},
		"no servers":         {"upstream a { zone a 64k; least_conn; }", "nginx-refuses", true, "no servers"},
		"sockets do not retry for ports": {
			text: "upstream a { server unix:/a; server unix:/b; }\nserver { location / { proxy_pass http://a; } }",
			id:   "retry-amplifies",
		},
		"an unused pool is no difference": {
			text: "upstream a { server 10.0.0.7; }\nserver { location / { fastcgi_pass a; } }",
			id:   "default-differs-by-version",
		},
		"proxy_params replaces Connection": {
			text: ka + `proxy_http_version 1.1; proxy_set_header Connection ""; ` +
				`server { location / { include proxy_params; proxy_pass http://a; } }`,
			id:    "connection-header-wiped",
			found: true,
		},
		"fastcgi_params replaces nothing here": {
			text: ka + `proxy_http_version 1.1; proxy_set_header Connection ""; ` +
				`server { location / { include fastcgi_params; proxy_pass http://a; } }`,
			id: "connection-header-wiped",
		},
		"a placeholder": {"server { location / { proxy_pass http://${APP_HOST}; } }", "variable-bypasses-pool", true, "placeholder"},
		"a variable": {
			text:  "server { location / { proxy_pass http://$app_host; } }",
			id:    "variable-bypasses-pool",
			found: true,
			says:  "not in the configuration",
		},
		"no server, and what has them is not read": {
			text:  "events {} http { include sites-enabled/[a-z]*.conf; include sites.conf; }",
			id:    "include-not-found",
			found: true,
			says:  "sites.conf",
		},
		"two causes, two fixes": {
			text: `proxy_http_version 1.1; proxy_set_header Connection "";
upstream a { keepalive 8; least_conn; server 10.0.0.7; } server { proxy_set_header Host $host; location / { proxy_pass http://a; } }`,
			id:    "inert-pool",
			found: true,
			says:  "stands behind it",
		},
		"a socket's ports do not end": {
			text: "upstream a { server unix:/a weight=9; server 10.0.0.7; } " +
				"server { location / { proxy_pass http://a; } }",
			id: "uneven-servers",
		},
		"beside a socket": {
			text: "upstream a { server unix:/a weight=9; server 10.0.0.7 weight=3; server 10.0.0.8; } " +
				"server { location / { proxy_pass http://a; } }",
			id:    "uneven-servers",
			found: true,
			says:  "at 0.67 times",
		},
		"uWSGI's socket with slashes": {
			text:  "server { location / { uwsgi_pass unix:///a.sock; } }",
			id:    "unix-socket",
			found: true,
			says:  "unix:///a.sock is",
		},
		"which nginx takes": {"server { location / { uwsgi_pass unix:///a.sock; } }", "nginx-refuses", false, ""},
		"a socket beside a server that is down": {
			text: "upstream a { server 10.0.0.7 down; server unix:/a; } server { location / { proxy_pass http://a; } }",
			id:   "no-pool",
		},
		"a socket with a backup": {
			text: "upstream a { server unix:/a; server 10.0.0.7 backup; } " +
				"server { location / { proxy_pass http://a; } }",
			id:    "unix-socket",
			found: true,
			says:  "when it fails, the backup 10.0.0.7:80 takes ports",
		},
		"a socket ends the retries": {
			text: "upstream a { server unix:/a; server 10.0.0.7; } server { location / { proxy_pass http://a; } }",
			id:   "retry-amplifies",
		},
		"a socket is never out": {
			text:  "upstream a { server unix:/a; server 10.0.0.7; } server { location / { proxy_pass http://a; } }",
			id:    "peer-ejection",
			found: true,
			says:  "the others then get their requests",
		},
		"a variable that leads to a socket": {
			text:  "server { set $s unix:/a.sock; location / { proxy_pass http://$s:/; } }",
			id:    "variable-bypasses-pool",
			found: true,
		},
		"one beside one that is down is ejected": {
			text: "upstream a { server 10.0.0.7 down; server 10.0.0.8; } " +
				"server { location / { proxy_pass http://a; } }",
			id:    "peer-ejection",
			found: true,
			says:  "1 of 1 servers",
		},
		"a backup for all that are down": {
			text: "upstream a { server 10.0.0.7 down; server 10.0.0.8 backup; } " +
				"server { location / { proxy_pass http://a; } }",
			id:    "uneven-servers",
			found: true,
			says:  "1 of 2 servers",
		},
		"an old copy hides a failure": {
			text: "proxy_cache_path /c keys_zone=z:1m; server { location / { proxy_cache z; " +
				"proxy_cache_use_stale timeout error; proxy_pass http://10.0.0.7; } }",
			id:    "error-hidden",
			found: true,
			says:  "from the cache",
		},
		"a cache that is always bypassed": {
			text: "proxy_cache_path /c keys_zone=z:1m; server { location / { proxy_cache z; " +
				"proxy_cache_bypass $arg_x 1; proxy_pass http://10.0.0.7; } }",
			id: "cache-answers",
		},
		"a cache that stores nothing": {
			text: "proxy_cache_path /c keys_zone=z:1m; server { location / { proxy_cache z; proxy_no_cache 1; " +
				"proxy_pass http://10.0.0.7; } }",
			id: "cache-answers",
		},
		"a cache that a request bypasses": {
			text: "proxy_cache_path /c keys_zone=z:1m; server { location / { proxy_cache z; " +
				"proxy_cache_bypass $arg_x 0 \"\"; proxy_pass http://10.0.0.7; } }",
			id:    "cache-answers",
			found: true,
		},
		"transparent, from one address": {
			text:  "server { location / { proxy_bind 10.0.0.2 transparent; proxy_pass http://10.0.0.7; } }",
			id:    "proxy-bind",
			found: true,
			says:  "10.0.0.2, which need not be the host's: S = 1",
		},
		"transparent, from the client's": {
			text:  "server { location / { proxy_bind $remote_addr transparent; proxy_pass http://10.0.0.7; } }",
			id:    "proxy-bind",
			found: true,
			says:  "each client has source ports",
		},
		"a word too long": {
			text:  "server { location / { add_header X " + strings.Repeat("y", 4096) + "; proxy_pass http://10.0.0.7; } }",
			id:    "nginx-refuses",
			found: true,
			says:  "longer than",
		},
		"a quoted word too long": {
			text:  "server { location / { add_header X \"" + strings.Repeat("y", 4095) + "\"; proxy_pass http://10.0.0.7; } }",
			id:    "nginx-refuses",
			found: true,
			says:  "longer than",
		},
		"a long word": {
			text: "server { location / { add_header X " + strings.Repeat("y", 4095) + "; proxy_pass http://10.0.0.7; } }",
			id:   "nginx-refuses",
		},
		"a long quoted word": {
			text: "server { location / { add_header X '" + strings.Repeat("y", 4094) + "'; proxy_pass http://10.0.0.7; } }",
			id:   "nginx-refuses",
		},
		"a comment too long": {
			text:  "server { # " + strings.Repeat("y", 4094) + "\nlocation / { proxy_pass http://10.0.0.7; } }",
			id:    "nginx-refuses",
			found: true,
			says:  "comment of 4096",
		},
		"a long comment": {
			text: "server { # " + strings.Repeat("y", 4093) + "\nlocation / { proxy_pass http://10.0.0.7; } }",
			id:   "nginx-refuses",
		},
		"IPv6 without brackets": {
			text:  "upstream a { server 2001:db8::2; } server { location / { proxy_pass http://a; } }",
			id:    "nginx-refuses",
			found: true,
			says:  `invalid port in upstream "2001:db8::2"`,
		},
		"IPv6 without brackets in a pass": {
			text:  "server { location / { proxy_pass http://::1:8080; } }",
			id:    "nginx-refuses",
			found: true,
			says:  `invalid port in upstream "::1:8080"`,
		},
		"two ports": {
			text:  "server { location / { proxy_pass http://10.0.0.1:80:81; } }",
			id:    "nginx-refuses",
			found: true,
			says:  "invalid port",
		},
		"a port that is a word": {"server { location / { proxy_pass http://a:b; } }", "nginx-refuses", true, "invalid port"},
		"IPv6 with brackets": {
			text: "upstream a { server [2001:db8::2]:80; server [::1]; } " +
				"server { location / { proxy_pass http://a; } location /b { proxy_pass http://[::1]:81/x:y; } }",
			id: "nginx-refuses",
		},
		"backups alone": {
			text: "upstream a { server 10.0.0.7 backup; server 10.0.0.8 backup; } " +
				"server { location / { proxy_pass http://a; } }",
			id:    "nginx-refuses",
			found: true,
			says:  "no servers in upstream",
		},
		"a backup beside one that is down": {
			text: "upstream a { server 10.0.0.7 backup; server 10.0.0.8 down; } " +
				"server { location / { proxy_pass http://a; } }",
			id: "nginx-refuses",
		},
		"a backup gets the ejected's": {
			text: "upstream a { server 10.0.0.7; server 10.0.0.8 backup; } " +
				"server { location / { proxy_pass http://a; } }",
			id:    "peer-ejection",
			found: true,
			says:  "the backup 10.0.0.8:80 gets their requests",
		},
		"the first error_page is in force": {
			text: "server { location / { proxy_pass http://10.0.0.7; error_page 502 /a; error_page 502 =200 /b; } }",
			id:   "error-hidden",
		},
		"not without a cache": {
			text: "server { location / { proxy_cache_use_stale error; proxy_pass http://10.0.0.7; } }",
			id:   "error-hidden",
		},
		"nor for other failures": {
			text: "proxy_cache_path /c keys_zone=z:1m; server { location / { proxy_cache z; " +
				"proxy_cache_use_stale http_502; proxy_pass http://10.0.0.7; } }",
			id: "error-hidden",
		},
		"subrequests are told of once": {
			text: ka + "server { auth_request /auth; location = /auth { proxy_pass http://a; } " +
				"location / { proxy_pass http://a; } location /b { proxy_pass http://a; } }",
			id:    "subrequest-doubles",
			found: true,
			says:  "of / and /b on",
		},
		"a map's Connection is wiped too": {
			text: ka + `map $http_upgrade $c { default upgrade; "" ""; } proxy_http_version 1.1; proxy_set_header Connection $c;
server { location / { proxy_set_header Host a; proxy_pass http://a; } }`,
			id:    "connection-header-wiped",
			found: true,
			says:  "replaces all those of outer levels",
		},
		"a group of another part": {"server { location / { proxy_pass http://app; } }", "no-pool", true, "stands in what was read"},
		"a host of a part":        {"server { location / { proxy_pass http://app:3000; } }", "no-pool", true, "names a host"},
		"a host of a whole": {
			text:  "events {} http { server { location / { proxy_pass http://app; } } }",
			id:    "no-pool",
			found: true,
			says:  "names a host",
		},
		"no server": {"events {} http { sendfile on; }", "not-proxied", true, "no server stands"},
		"HTTP that leads to HTTPS": {
			text: "server { listen 80; listen 443 ssl; if ($scheme = http) { return 301 https://$host; } " +
				"location / { proxy_pass http://10.0.0.7; } }",
			id: "not-proxied",
		},
		"a brace that is none": {"http ｛ a; server { }", "nginx-refuses", true, ""},
	} {
		var texts []string
		found := false
		for _, f := range loaded(t, c.text).Findings(Release{}) {
			if f.ID == c.id {
				found = true
				texts = append(texts, f.Text)
			}
		}
		if found != c.found || !strings.Contains(strings.Join(texts, "\n"), c.says) {
			t.Errorf("%s: %s found %t: %q; want %t with %q", what, c.id, found, texts, c.found, c.says)
		}
	}
}
