package loadgen

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConfigIsRefusedWithAReason(t *testing.T) {
	good := func() Config {
		return Config{URL: "http://127.0.0.1:1/", Profile: Constant(1), Duration: time.Second}
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"a stranger", func(c *Config) { c.URL = "http://192.0.2.1/" },
			"neither loopback nor among the allowed networks (none)"},
		{"a stranger to the networks allowed", func(c *Config) {
			c.URL = "http://192.0.2.1/"
			c.Allow = []netip.Prefix{netip.MustParsePrefix("198.18.0.0/15")}
		}, "allowed networks (198.18.0.0/15)"},
		{"no URL", func(c *Config) { c.URL = "" }, "want http://host:port/path"},
		{"another scheme", func(c *Config) { c.URL = "ftp://127.0.0.1/" }, "want http://"},
		{"port 0", func(c *Config) { c.URL = "http://127.0.0.1:0/" }, "port"},
		{"credentials", func(c *Config) { c.URL = "http://a:b@127.0.0.1/" }, "Authorization"},
		{"no profile", func(c *Config) { c.Profile = nil }, "mode exact needs a profile"},
		{"closed with a profile", func(c *Config) { c.Mode = Closed }, "takes no profile"},
		{"an unknown mode", func(c *Config) { c.Mode = 9 }, "mode 9"},
		{"rate 0", func(c *Config) { c.Profile = Constant(0) }, "schedules 0 requests"},
		{"negative rates", func(c *Config) { c.Profile = Sine(1, 2, time.Second) }, "is not within 0 to 2000000"},
		{"a rate beyond the cap", func(c *Config) { c.Profile = Constant(3e6) }, "is not within 0 to 2000000"},
		{"randomness inside a sequence", func(c *Config) { c.Profile = Sequence(Part{Poisson(Constant(1), 1), 0}) },
			"Poisson goes around"},
		{"a ramp over nothing", func(c *Config) { c.Profile = Ramp(1, 2, 0) }, "profile: "},
		{"too many connections", func(c *Config) { c.Connections = 1 << 20 }, "connections: 1.048576e+06"},
		{"too long", func(c *Config) { c.Duration = 25 * time.Hour }, "duration"},
		{"more loops than connections", func(c *Config) { c.Loops = 2 }, "2 loops for 1 connections"},
		{"a header without a name", func(c *Config) { c.Header = []string{"x"} }, `header "x"`},
		{"a header that smuggles", func(c *Config) { c.Header = []string{"A: b\r\nC: d"} }, "want \"Name: value\""},
		{"a Host header of two words", func(c *Config) { c.Header = []string{"Host: a b"} }, "not a Host header"},
		{"a Content-Length", func(c *Config) { c.Header = []string{"content-length: 5"} }, "leave it out"},
		{"bodies beside a mix", func(c *Config) { c.Bodies, c.Mix = [][]byte{nil}, []Request{{}} }, "bodies"},
		{"a socket path too long", func(c *Config) { c.Unix = "/" + strings.Repeat("x", 107) }, "at most 107"},
		{
			"a source towards a socket",
			func(c *Config) { c.Unix, c.Sources = "/x", []netip.Addr{netip.MustParseAddr("127.0.0.2")} },
			"source address",
		},
		{"sources of two families", func(c *Config) {
			c.Sources = []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.IPv6Loopback()}
		}, "different address families"},
		{"a share that cannot be exceeded", func(c *Config) { c.Stop = []Stop{{Share: 1}} }, "stop 1"},
		{"a path that smuggles", func(c *Config) { c.Mix = []Request{{Path: "/ HTTP/1.1\r\nX: y"}} }, "path"},
		{"weights beyond reason", func(c *Config) { c.Mix = []Request{{Weight: 1 << 20}, {}} }, "weights add up to 1048577"},
		{"weights that many requests share unevenly",
			func(c *Config) { c.Mix = append(make([]Request, 1000), Request{Weight: 900_001}) }, "want at most 199800"},

		{"CONNECT", func(c *Config) { c.Method = "CONNECT" }, "method"},
		{"a source of another family", func(c *Config) { c.Sources = []netip.Addr{netip.IPv6Loopback()} }, "address family"},
	} {
		c := good()
		tt.change(&c)
		if _, err := newPlan(context.Background(), c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := newPlan(context.Background(), good()); err != nil {
		t.Error(err)
	}
}

func TestNamesAreResolvedAndAllowedNetworksLoaded(t *testing.T) {
	for url, allow := range map[string]string{
		"http://localhost:8080/a?b": "",
		"http://[::1]:8080/":        "",
		"http://198.18.0.1/":        "198.18.0.0/15",
	} {
		c := Config{URL: url, Profile: Constant(1), Duration: time.Second}
		if allow != "" {
			c.Allow = []netip.Prefix{netip.MustParsePrefix(allow)}
		}
		if _, err := newPlan(context.Background(), c); err != nil {
			t.Error(err)
		}
	}
}

func TestRequestIsRenderedOnce(t *testing.T) {
	c := Config{URL: "http://127.0.0.1:8080/a/b?c=d", Method: "POST", Body: []byte("hello"),
		Header: []string{"X-A: b", "user-agent: me"}, Profile: Constant(1), Duration: time.Second}
	p, err := newPlan(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-A: b\r\nuser-agent: me\r\n" +
		"Content-Length: 5\r\n\r\nhello"
	if got := string(p.wires[0].bytes); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHostHeaderIsSentOnce(t *testing.T) {
	for want, c := range map[string]Config{
		"Host: 127.0.0.1:8080\r\n": {},
		"Host: a.example\r\n":      {Host: "a.example"},
		"Host: b.example\r\n":      {Header: []string{"host: b.example"}, Host: "a.example"},
		"Host: c.example\r\n": {
			Header: []string{"Host: b.example"},
			Mix:    []Request{{Header: []string{"Host:c.example"}}},
		},
	} {
		c.URL, c.Profile, c.Duration = "http://127.0.0.1:8080/", Constant(1), time.Second
		p, err := newPlan(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(p.wires[0].bytes); strings.Count(strings.ToLower(got), "host:") != 1 ||
			!strings.Contains(got, "HTTP/1.1\r\n"+want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestInterleaveSpreadsByWeight(t *testing.T) {
	for _, tt := range []struct{ weights, want []int }{
		{[]int{5, 1, 1}, []int{0, 0, 1, 0, 2, 0, 0}},
		{[]int{500, 100, 100}, []int{0, 0, 1, 0, 2, 0, 0}},
		{[]int{7, 7, 7}, []int{0, 1, 2}},
		{[]int{900_000}, []int{0}},
	} {
		pattern, err := interleave(tt.weights)
		var got []int
		for _, i := range pattern {
			got = append(got, int(i))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v (%v), want %v", tt.weights, got, err, tt.want)
		}
	}
	if p, err := interleave(slices.Repeat([]int{3}, 500_000)); err != nil || len(p) != 500_000 {
		t.Errorf("half a million alike: %d, %v", len(p), err)
	}
}
