package nginx

import "testing"

func TestDefaults(t *testing.T) {
	for name, c := range map[string]struct {
		conf string
		want defaulted
	}{
		"nothing said":                        {"http { upstream b { server a:80; } server { location / { proxy_pass http://b; } } }", defaulted{Pool: true, Protocol: true}},
		"all said":                            {"http { upstream b { server a:80; keepalive 4; } server { proxy_http_version 1.1; } }", defaulted{}},
		"the pool is off":                     {"http { upstream b { server a:80; keepalive 0; } }", defaulted{Protocol: true}},
		"no block at all":                     {"http { server { location / { proxy_pass http://a:80; proxy_http_version 1.0; } } }", defaulted{}},
		"one block of two":                    {"http { upstream b { keepalive 4; } upstream c { server a:80; } }", defaulted{Pool: true, Protocol: true}},
		"keepalive_timeout is another matter": {"http { upstream b { server a:80; keepalive_timeout 4s; } }", defaulted{Pool: true, Protocol: true}},
	} {
		got, err := defaultsOf(c.conf)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	if _, err := defaultsOf("http {"); err == nil {
		t.Error("half a configuration has defaults")
	}
}
