package nginxconf

import (
	"reflect"
	"testing"
)

func TestShares(t *testing.T) {
	text := `upstream app {
	server 10.0.0.7:80 weight=2; server 127.0.0.1:81; server unix:/run/a.sock; server 10.0.0.7;
	server app.example.org:8080 backup; server 10.0.0.9 down;
}
server { location / { proxy_pass http://app; } location /name { proxy_pass http://name; } }`
	c, err := Load("app.conf", Options{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	routes := c.Routes(Release{})
	for i, want := range [][]Share{
		{{
			Destination: "10.0.0.7:80",
			Share:       0.6000000000000001,
		}, {
			Destination: "127.0.0.1:81",
			Share:       0.2,
			Loopback:    true,
		}, {
			Destination: "unix:/run/a.sock",
			Share:       0.2,
			Unix:        true,
		}},
		{{"name:80", 1, false, false, true}},
	} {
		if got := routes[i].Shares(); !reflect.DeepEqual(got, want) {
			t.Errorf("route %d: %+v, want %+v", i, got, want)
		}
	}
}
