package loadgen

import (
	"context"
	"io"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The conformance table: what servers do, and what a correct generator says of
// it. Every row is ten requests on one connection slot.
var conformance = []struct {
	name   string
	handle func(*peer)
	with   func(*Config)
	ok     int64
	causes map[string]int64 // nil: none
	opened int64            // connections the server saw; 0: not asserted
	also   func(*testing.T, *Result)
}{
	{name: "Content-Length", handle: always(okAnswer), ok: 10, opened: 1},
	{name: "Content-Length 0", handle: always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ok: 10, opened: 1},
	{name: "bytes trickle one by one", handle: trickle(okAnswer), ok: 10, opened: 1},
	{
		name:   "header and body apart",
		handle: inParts("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "1 MiB body",
		handle: always("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("x", 1<<20)),
		ok:     10,
		opened: 1,
	},
	{
		name:   "chunked",
		handle: always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "chunked with extensions and trailers",
		handle: always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "chunk by chunk",
		handle: inParts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhel", "lo\r\n", "0\r", "\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{name: "close-delimited", handle: once("HTTP/1.1 200 OK\r\n\r\nhello"), ok: 10, opened: 10},
	{name: "HTTP/1.0 close-delimited", handle: once("HTTP/1.0 200 OK\r\n\r\nhello"), ok: 10, opened: 10},
	{
		name:   "HTTP/1.0 with a length closes",
		handle: once("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		ok:     10,
		opened: 10,
	},
	{
		name:   "HTTP/1.0 keep-alive",
		handle: always("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "Connection: close every time",
		handle: once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
		ok:     10,
		opened: 10,
	},
	{
		name:   "Connection: close but the server stays",
		handle: always("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
		ok:     10,
		opened: 10,
	},
	{
		name:   "Connection: close after five",
		handle: afterFive("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
		ok:     10,
		opened: 2,
	},
	{
		name:   "silent FIN after five",
		with:   twoBursts,
		handle: afterFive(okAnswer),
		ok:     10,
		opened: 2,
		also: func(t *testing.T, r *Result) {
			// After the fifth, and after the tenth if it came with its answer: the run ends there.
			if r.ClosedIdle < 1 || r.ClosedIdle > 2 {
				t.Errorf("ClosedIdle = %d, want 1 or 2", r.ClosedIdle)
			}
		},
	},
	{name: "RST while idle", with: twoBursts, handle: func(p *peer) {
		for range 5 {
			p.request()
			p.say(okAnswer)
		}
		time.Sleep(50 * time.Millisecond) // a reset takes along what is not yet read
		p.reset()
	}, ok: 10, opened: 2},
	{name: "204", handle: always("HTTP/1.1 204 No Content\r\n\r\n"), ok: 10, opened: 1},
	{
		name:   "204 that announces a body",
		handle: always("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "304 that announces a body",
		handle: always("HTTP/1.1 304 Not Modified\r\nContent-Length: 1024\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "301 is not followed",
		handle: always("HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "HEAD",
		with:   method("HEAD"),
		handle: always("HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{
		name:   "100 then 200",
		handle: always("HTTP/1.1 100 Continue\r\n\r\n" + okAnswer),
		ok:     10,
		opened: 1,
		also:   interimIs(10),
	},
	{
		name:   "103 twice, apart, then 200",
		handle: inParts("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early", " Hints\r\n\r\n", okAnswer),
		ok:     10,
		opened: 1,
		also:   interimIs(20),
	},
	{
		name:   "60 KiB of header",
		handle: always("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 60<<10) + "\r\nContent-Length: 0\r\n\r\n"),
		ok:     10,
		opened: 1,
	},
	{name: "bare line feeds", handle: always("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), ok: 10, opened: 1},
	{
		name:   "POST",
		with:   func(c *Config) { c.Method, c.Body = "POST", []byte("hello") },
		handle: always(okAnswer),
		ok:     10,
		opened: 1,
	},
	{name: "POST of 16 MiB to a slow reader", with: bigPost, handle: func(p *peer) {
		_ = p.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		always(okAnswer)(p)
	}, ok: 10, opened: 1},
	{name: "early refusal of a big body", with: bigPost, handle: func(p *peer) {
		_, _ = io.CopyN(io.Discard, p, 1000)
		p.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
		time.Sleep(100 * time.Millisecond) // closing resets, as there is more to read
	}, causes: map[string]int64{Cause4xx: 10}, opened: 10},

	{
		name:   "502, keep-alive",
		handle: always("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad"),
		causes: map[string]int64{Cause5xx: 10},
		opened: 1,
	},
	{
		name:   "404 chunked",
		handle: always("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
		causes: map[string]int64{Cause4xx: 10},
		opened: 1,
	},
	{
		name:   "502, close",
		handle: once("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
		causes: map[string]int64{Cause5xx: 10},
		opened: 10,
	},
	{
		name:   "101 unasked",
		handle: once("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
		causes: map[string]int64{CauseSwitched: 10},
		opened: 10,
	},
	{
		name:   "RST after the request",
		handle: func(p *peer) { p.request(); p.reset() },
		causes: map[string]int64{CauseReset: 10},
	},
	{name: "FIN after the request", handle: func(p *peer) { p.request() }, causes: map[string]int64{CauseEmptyReply: 10}},
	{name: "FIN after the second request", handle: func(p *peer) {
		p.request()
		p.say(okAnswer)
		p.request()
	}, ok: 5, causes: map[string]int64{CauseEmptyReply: 5}, opened: 5},
	{
		name: "FIN after the second request, sent again",
		with: func(c *Config) { c.RetryStale = true },
		handle: func(p *peer) {
			p.request()
			p.say(okAnswer)
			p.request()
		},
		ok:     10,
		opened: 10,
		also:   retriedIs(9),
	}, // the tenth connection bears the tenth request alone
	{
		name: "FIN after the second request, not idempotent",
		with: func(c *Config) { c.RetryStale, c.Method = true, "POST" },
		handle: func(p *peer) {
			p.request()
			p.say(okAnswer)
			p.request()
		},
		ok:     5,
		causes: map[string]int64{CauseEmptyReply: 5},
		opened: 5,
		also:   retriedIs(0),
	},
	{name: "RST after the second request", handle: func(p *peer) {
		p.request()
		p.say(okAnswer)
		p.request()
		p.reset()
	}, ok: 5, causes: map[string]int64{CauseReset: 5}, opened: 5},
	{
		name: "RST after the second request, sent again",
		with: func(c *Config) { c.RetryStale = true },
		handle: func(p *peer) {
			p.request()
			p.say(okAnswer)
			p.request()
			p.reset()
		},
		ok:     10,
		opened: 10,
		also:   retriedIs(9),
	},
	{
		name:   "FIN after every request, sent again in vain",
		with:   func(c *Config) { c.RetryStale = true },
		handle: func(p *peer) { p.request() },
		causes: map[string]int64{CauseEmptyReply: 10},
		also:   retriedIs(0),
	},
	{
		name:   "FIN within the header",
		handle: once("HTTP/1.1 200 OK\r\nContent-Le"),
		causes: map[string]int64{CauseShortHeader: 10},
		opened: 10,
	},
	{
		name:   "FIN after an interim response",
		handle: once("HTTP/1.1 100 Continue\r\n\r\n"),
		causes: map[string]int64{CauseShortHeader: 10},
		opened: 10,
	},
	{
		name:   "FIN within the body",
		handle: once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"),
		causes: map[string]int64{CauseShortBody: 10},
		opened: 10,
	},
	{
		name:   "FIN within a chunk",
		handle: once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"),
		causes: map[string]int64{CauseShortBody: 10},
		opened: 10,
	},
	{
		name:   "FIN before the last chunk",
		handle: once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"),
		causes: map[string]int64{CauseShortBody: 10},
		opened: 10,
	},
	{name: "RST within the body", handle: func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
		time.Sleep(time.Millisecond)
		p.reset()
	}, causes: map[string]int64{CauseReset: 10}, opened: 10},
	{
		name:   "not HTTP",
		handle: always("SSH-2.0-OpenSSH_9.2\r\n"),
		causes: map[string]int64{CauseBadResponse: 10},
		opened: 10,
		also: func(t *testing.T, r *Result) {
			if string(r.BadSample) != "SSH-2.0-OpenSSH_9.2\r\n" || r.BadWhy == "" {
				t.Errorf("BadSample = %q (%s)", r.BadSample, r.BadWhy)
			}
		},
	},
	{
		name:   "HTTP/2",
		handle: always("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
		causes: map[string]int64{CauseBadResponse: 10},
		opened: 10,
		also:   whyHas("HTTP/2 SETTINGS frame"),
	},
	{
		name:   "TLS",
		handle: always("\x15\x03\x01\x00\x02\x02\x46"),
		causes: map[string]int64{CauseBadResponse: 10},
		opened: 10,
		also:   whyHas("https"),
	},
	{
		name:   "two lengths",
		handle: always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
		causes: map[string]int64{CauseBadResponse: 10},
		opened: 10,
	},
	{
		name:   "bad chunk",
		handle: always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		causes: map[string]int64{CauseBadResponse: 10},
		opened: 10,
	},
	{
		name:   "header without end",
		handle: always("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10)),
		causes: map[string]int64{CauseHeaderSize: 10},
		opened: 10,
	},
	{
		name:   "two responses to one request",
		handle: always(okAnswer + okAnswer),
		causes: map[string]int64{CauseExcess: 10},
		opened: 10,
	},
	{
		name:   "body longer than its length",
		handle: always("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok"),
		causes: map[string]int64{CauseExcess: 10},
		opened: 10,
	},
	{
		name:   "HEAD answered with a body",
		with:   method("HEAD"),
		handle: always(okAnswer),
		ok:     10,
		opened: 10,
		also:   unaskedIs(10),
	},
	{
		name:   "HEAD answered with a body, apart",
		handle: inParts("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"),
		with:   unhurriedHead,
		ok:     10,
		opened: 10,
	},
	{
		name:   "204 with a body",
		handle: always("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nno"),
		ok:     10,
		opened: 10,
		also:   unaskedIs(10),
	},
	{
		name:   "204 with a body, apart",
		handle: inParts("HTTP/1.1 204 No Content\r\n\r\n", "no"),
		with:   unhurried,
		ok:     10,
		opened: 10,
	},
	{name: "bytes between requests", handle: func(p *peer) {
		for p.request() {
			p.say(okAnswer)
			time.Sleep(50 * time.Millisecond)
			p.say("\r\n")
		}
	}, with: unhurried, ok: 10, opened: 10, also: unaskedIs(10)}, // the run ends with the tenth
	{name: "no answer", with: patience(50 * time.Millisecond), handle: func(p *peer) {
		for p.request() {
		}
	}, causes: map[string]int64{CauseTimeout: 1}},
	{
		name:   "half a body, then silence",
		with:   patience(50 * time.Millisecond),
		handle: always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"),
		causes: map[string]int64{CauseTimeout: 1},
	},
	{
		name: "slow body",
		with: func(c *Config) { c.Profile = Constant(5); c.Duration = 2 * time.Second },
		handle: func(p *peer) {
			for p.request() {
				p.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
				time.Sleep(100 * time.Millisecond)
				p.say("k")
			}
		},
		ok:     10,
		opened: 1,
		also: func(t *testing.T, r *Result) {
			if p50 := quantile(r.Service, 50); p50 < 100*time.Millisecond || p50 > 150*time.Millisecond {
				t.Errorf("service p50 %v: want to the last byte, 100 ms", p50)
			}
		},
	},
}

func once(answer string) func(*peer) {
	return func(p *peer) {
		if p.request() {
			p.say(answer)
		}
	}
}

func afterFive(last string) func(*peer) {
	return func(p *peer) {
		for range 4 {
			p.request()
			p.say(okAnswer)
		}
		p.request()
		p.say(last)
	}
}

func inParts(parts ...string) func(*peer) {
	return func(p *peer) {
		for p.request() {
			for _, s := range parts {
				p.say(s)
				time.Sleep(200 * time.Microsecond)
			}
		}
	}
}

func trickle(s string) func(*peer) { return inParts(strings.Split(s, "")...) }

func method(m string) func(*Config) { return func(c *Config) { c.Method = m } }

// unhurried leaves the server time to do something between requests.
func unhurried(c *Config) { c.Profile, c.Duration = Constant(10), time.Second }

// unhurriedHead is for a body that comes apart from its header: a request that
// waits for the connection is sent right after the header, and finds the body
// in its place.
func unhurriedHead(c *Config) { unhurried(c); c.Method = "HEAD" }

// twoBursts sends five requests, waits long enough for any machine to see the
// connection closed, and sends five more.
func twoBursts(c *Config) {
	c.Profile = Sequence(Part{Constant(50), 100 * time.Millisecond}, Part{Constant(0), 500 * time.Millisecond},
		Part{Constant(50), 100 * time.Millisecond})
	c.Duration = 0
}

func bigPost(c *Config) { c.Method, c.Body = "POST", make([]byte, 16<<20) }

// patience makes the first of the ten requests time out while the rest, with
// it on the one connection, are dropped.
func patience(d time.Duration) func(*Config) {
	return func(c *Config) { c.Timeout = d }
}

func interimIs(n int64) func(*testing.T, *Result) {
	return func(t *testing.T, r *Result) {
		if r.Interim != n {
			t.Errorf("Interim = %d, want %d", r.Interim, n)
		}
	}
}

func unaskedIs(n int64) func(*testing.T, *Result) {
	return func(t *testing.T, r *Result) {
		if r.Unasked != n {
			t.Errorf("Unasked = %d, want %d", r.Unasked, n)
		}
	}
}

func retriedIs(n int64) func(*testing.T, *Result) {
	return func(t *testing.T, r *Result) {
		if r.Retried != n {
			t.Errorf("Retried = %d, want %d", r.Retried, n)
		}
	}
}

func whyHas(words string) func(*testing.T, *Result) {
	return func(t *testing.T, r *Result) {
		if !strings.Contains(r.BadWhy, words) {
			t.Errorf("BadWhy = %q, want %q in it", r.BadWhy, words)
		}
	}
}

func TestConformance(t *testing.T) {
	for _, tt := range conformance {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.handle)
			c := Config{URL: s.url, Profile: Constant(500), Duration: 20 * time.Millisecond, Timeout: 5 * time.Second}
			if tt.with != nil {
				tt.with(&c)
			}
			r := mustRun(t, c)
			if r.OK != tt.ok {
				t.Errorf("ok = %d, want %d", r.OK, tt.ok)
			}
			if !maps.Equal(r.Causes, tt.causes) {
				t.Errorf("causes: %s", cmp.Diff(tt.causes, r.Causes))
			}
			if got := s.connections.Load(); tt.opened != 0 && got != tt.opened {
				t.Errorf("the server saw %d connections, want %d", got, tt.opened)
			}
			if tt.also != nil {
				tt.also(t, r)
			}
		})
	}
}

// mustRun runs and holds the result to the invariants.
func mustRun(t testing.TB, c Config) *Result {
	t.Helper()
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	invariants(t, r)
	if r.Engine != theEngine.name {
		t.Errorf("driven by the engine %q, want %q", r.Engine, theEngine.name)
	}
	return r
}

func TestRefusedConnectionsFailAtTheRateOfTheSchedule(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String() + "/"
	_ = l.Close()
	r := mustRun(t, Config{URL: url, Profile: Constant(500), Duration: 20 * time.Millisecond})
	if want := map[string]int64{CauseRefused: 10}; !maps.Equal(r.Causes, want) {
		t.Errorf("causes: %s", cmp.Diff(want, r.Causes))
	}
}
