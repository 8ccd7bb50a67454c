package loadgen

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestRedirectIsNeverFollowed: not off the host, and not on it.
func TestRedirectIsNeverFollowed(t *testing.T) {
	elsewhere := serve(t, always(okAnswer))
	for _, status := range []string{"301 Moved", "302 Found", "307 Temporary", "308 Permanent"} {
		s := serve(t, always("HTTP/1.1 "+status+"\r\nLocation: "+elsewhere.url+"\r\nContent-Length: 0\r\n\r\n"))
		r := mustRun(t, Config{URL: s.url, Profile: Constant(100), Duration: 100 * time.Millisecond})
		if s.requests.Load() != 10 || r.OK != 10 {
			t.Errorf("%s: %d requests, %d ok, want 10", status, s.requests.Load(), r.OK)
		}
	}
	if n := elsewhere.connections.Load(); n != 0 {
		t.Errorf("%d connections went where a redirect points", n)
	}
}

// TestAddressIsPinned: a name is looked up once, checked, and that address is
// loaded; a second answer, as in DNS rebinding, is never asked for.
func TestAddressIsPinned(t *testing.T) {
	first := serveAt(t, "127.0.0.2:0", always(okAnswer))
	_, port, _ := net.SplitHostPort(first.Addr().String())
	second := serveAt(t, "127.0.0.3:"+port, always(okAnswer))
	lookups := answerNames(t, "127.0.0.2", "127.0.0.3")
	r := mustRun(t, Config{
		URL:        "http://rebind.example:" + port + "/",
		Profile:    Constant(200),
		Duration:   100 * time.Millisecond,
		CloseAfter: 1,
	})
	if r.OK != 20 || first.connections.Load() != 20 || second.connections.Load() != 0 {
		t.Errorf("ok %d, connections to the first address %d, to the second %d; want 20, 20, 0",
			r.OK, first.connections.Load(), second.connections.Load())
	}
	if n := lookups.Load(); n != 1 {
		t.Errorf("the name was looked up %d times", n)
	}
}

// answerNames makes every name resolve to one address at first and to another
// from then on. It counts the lookups.
func answerNames(t *testing.T, first, then string) *atomic.Int64 {
	t.Helper()
	var lookups atomic.Int64
	answerNamesBy(t, func(kind byte) []string {
		switch {
		case kind != 1:
			return nil
		case lookups.Add(1) > 1:
			return []string{then}
		}
		return []string{first}
	})
	return &lookups
}

func TestUserAgentIsItsOwn(t *testing.T) {
	for want, c := range map[string]Config{
		"\r\nUser-Agent: lab99\r\n":       {},
		"\r\nUser-Agent: lab99/1.2.3\r\n": {UserAgent: "lab99/1.2.3"},
		"\r\nUser-Agent: me\r\n":          {UserAgent: "lab99/1.2.3", Header: []string{"User-Agent: me"}},
	} {
		c.URL, c.Profile, c.Duration = "http://127.0.0.1:1/", Constant(1), time.Second
		p, err := newPlan(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(p.wires[0].bytes); strings.Count(got, "User-Agent") != 1 || !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if _, err := newPlan(t.Context(), Config{
		URL:       "http://127.0.0.1:1/",
		Profile:   Constant(1),
		Duration:  time.Second,
		UserAgent: "a\r\nX: b",
	}); err == nil {
		t.Error("a user agent of two lines is accepted")
	}
}
