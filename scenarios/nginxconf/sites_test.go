package nginxconf

import (
	"fmt"
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
	for _, s := range config.Sites(Release{}) {
		if at := s.Directive.Tree.Text[s.Start:s.End]; at != s.Text {
			t.Errorf("%s: %q is written there, not %q", s.Directive.Pos(), at, s.Text)
		}
		kind := ""
		if s.Source {
			kind = " source"
		}
		got = append(got, fmt.Sprintf("%d %s %d%s", s.Directive.Line, s.Text, len(s.Routes), kind))
	}
	want := []string{
		"2 10.0.0.1:80 2", "2 unix:/run/app.sock 2", "3 10.0.0.2:81 1", "3 name.org 1", "4 10.0.0.3 1",
		"5 10.1.0.1 1 source", "5 10.1.0.2 1 source", "7 [::1]:6086 2", "8 10.0.0.4:3000 1", "10 10.1.0.3 1 source",
		"11 10.0.0.5 1", "12 10.0.0.6:9000 1", "13 unix:/run/f.sock 1", "18 10.0.0.7:1 1", "18 10.0.0.8:2 1",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("sites:\n%s\nwant:\n%s", a, b)
	}
}
