package loadgen

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reusing is a loop with one connection to a real listener, over which one
// request was answered, and the server's end of it. Nothing happens unless the
// test says so: which comes first, the request or the server's end, is no race.
func reusing(t *testing.T, network, addr string) (*loop, *conn, net.Conn) {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := Config{URL: "http://" + ln.Addr().String() + "/", Connections: 1, Profile: Constant(1), Duration: time.Second}
	if network == "unix" {
		c.URL, c.Unix = "http://localhost/", addr
	}
	l := stillLoop(t, c)
	slot := &l.conns[0]
	slot.wire = l.wireOf(0)
	l.assign(slot, l.now())
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	l.until(t, func() bool { return l.bytesOut > 0 })
	if _, err := server.Read(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(server, okAnswer)
	l.until(t, func() bool { return l.n.OK == 1 })
	return l, slot, server
}

// deafen makes the kernel drop what comes for a connection, as if it were still
// on its way.
func deafen(t *testing.T, c net.Conn) {
	t.Helper()
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return // a Unix-domain socket has no way
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	nothing := unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}}
	if e := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &nothing)
	}); e != nil || err != nil {
		t.Fatal(e, err)
	}
}

// until handles events until something has come about.
func (l *loop) until(t *testing.T, done func() bool) {
	t.Helper()
	for range 500 {
		if l.collect(); done() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("it has not come about: ok %d, failed %d", l.n.OK, l.n.Failed)
}

// TestStaleReuseIsWhatTheServerHadNotTaken: who is to be told that a server
// dropped requests depends on it.
func TestStaleReuseIsWhatTheServerHadNotTaken(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for _, tt := range []struct {
			name string
			play func(send func(), server net.Conn)
			want string
			unix string // where it is another
		}{
			{"closed before it was sent", func(send func(), server net.Conn) { server.Close(); send() }, CauseStaleReuse, ""},
			{"half closed before it was sent, then closed", func(send func(), server net.Conn) {
				server.(interface{ CloseWrite() error }).CloseWrite()
				send()
				server.Close()
			}, CauseStaleReuse, ""},
			{"still on the way when it was closed", func(send func(), server net.Conn) {
				deafen(t, server)
				send()
				server.Close()
			}, CauseStaleReuse, CauseStaleReuse},
			{"taken, then closed", func(send func(), server net.Conn) {
				send()
				_, _ = server.Read(make([]byte, 4096))
				server.Close()
			}, CauseEmptyReply, ""},
			{"taken, then reset", func(send func(), server net.Conn) {
				send()
				_, _ = server.Read(make([]byte, 4096))
				if c, ok := server.(*net.TCPConn); ok {
					_ = c.SetLinger(0)
				}
				server.Close()
			}, CauseReset, CauseEmptyReply},
			{
				name: "arrived, and closed unread",
				play: func(send func(), server net.Conn) { send(); server.Close() },
				want: CauseReset,
				unix: CauseStaleReuse,
			},
		} {
			t.Run(network+" "+tt.name, func(t *testing.T) {
				addr := "127.0.0.1:0"
				if network == "unix" {
					addr = filepath.Join(t.TempDir(), "s")
					if tt.unix != "" {
						tt.want = tt.unix
					}
				}
				l, c, server := reusing(t, network, addr)
				tt.play(func() { l.assign(c, l.now()) }, server)
				l.until(t, func() bool { return l.n.Failed == 1 })
				if got := l.run.causes.causes(&l.causes); got[tt.want] != 1 {
					t.Errorf("%v, want %s", got, tt.want)
				}
				if c := l.closings; c != (closings{1, 1, 1}) {
					t.Errorf("counted as %+v, want one end after one response", c)
				}
			})
		}
	}
}

// TestServerThatClosesUnannouncedIsNamed: after which response, and only if it
// is a rule.
func TestServerThatClosesUnannouncedIsNamed(t *testing.T) {
	after := func(n int) func(*peer) {
		return func(p *peer) {
			for range n {
				if !p.request() {
					return
				}
				p.say(okAnswer)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		handle func(*peer)
		with   func(*Config)
		want   int64
	}{
		{"every response", after(1), nil, 1},
		{"every third", after(3), nil, 3},
		{"every response, sent again", after(1), func(c *Config) { c.RetryStale = true }, 1},
		{"it announces it", once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), nil, 0},
		{"the client does it", after(1), func(c *Config) { c.CloseAfter = 1 }, 0},
		{"it is the idle timeout", func(p *peer) {
			p.request()
			p.say(okAnswer)
			time.Sleep(50 * time.Millisecond)
		}, func(c *Config) {
			c.Profile, c.Duration, c.Connections, c.Loops = Constant(10), 600*time.Millisecond, 1, 1
		}, 0},
		{"never", always(okAnswer), nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.handle)
			c := Config{URL: s.url, Connections: 2, Loops: 2, Profile: Constant(200), Duration: 200 * time.Millisecond}
			if tt.with != nil {
				tt.with(&c)
			}
			r := mustRun(t, c)
			if r.ClosesAfter != tt.want {
				t.Errorf("closes after %d, want %d; %d opened for %d requests, closed idle %d, causes %v",
					r.ClosesAfter, tt.want, r.ConnectionsOpened, r.Sent, r.ClosedIdle, r.Causes)
			}
			if c.RetryStale && r.Failed > 0 {
				t.Errorf("causes %v", r.Causes)
			}
		})
	}
}

// TestConnectFailuresAreWorded: the first one, with its address.
func TestConnectFailuresAreWorded(t *testing.T) {
	nobody := serve(t, always(okAnswer))
	_ = nobody.Close()
	plain := serve(t, func(p *peer) {
		_, _ = p.Read(make([]byte, 1<<16))
		p.say("HTTP/1.1 400 Bad Request\r\n\r\n")
	})
	leaves := serve(t, func(p *peer) { _, _ = p.Read(make([]byte, 1<<16)) })
	socket := filepath.Join(t.TempDir(), "nobody")
	secure := func(s *server) string { return strings.Replace(s.url, "http:", "https:", 1) }
	for want, c := range map[string]Config{
		nobody.Addr().String() + ": connection refused":                                        {URL: nobody.url},
		plain.Addr().String() + ": tls: first record does not look like a TLS handshake":       {URL: secure(plain)},
		leaves.Addr().String() + ": the server closed the connection during the TLS handshake": {URL: secure(leaves)},
		"unix:" + socket + ": no such file or directory":                                       {URL: "http://localhost/", Unix: socket},
	} {
		c.Profile, c.Duration = Constant(100), 50*time.Millisecond
		if r := mustRun(t, c); r.OK != 0 || r.ConnectWhy != want {
			t.Errorf("ok %d, %q, want %q", r.OK, r.ConnectWhy, want)
		}
	}
}

func TestUnixSocketIsLoaded(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "s"), fmt.Sprintf("@lab99-test-%d", os.Getpid())} {
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		s := serveOn(t, ln, always(okAnswer))
		for _, mode := range []Mode{Exact, Closed} {
			c := Config{
				URL:         "http://a.example/",
				Unix:        path,
				Connections: 4,
				Mode:        mode,
				Requests:    100,
				Duration:    5 * time.Second,
			}
			if mode != Closed {
				c.Profile = Constant(1000)
			}
			before := s.connections.Load()
			r := mustRun(t, c)
			if r.OK != 100 || s.connections.Load()-before != 4 || len(r.Addresses) != 1 || r.Addresses[0] != "unix:"+path {
				t.Errorf("%s, %v: ok %d, causes %v, addresses %v, the server saw %d connections",
					path, mode, r.OK, r.Causes, r.Addresses, s.connections.Load()-before)
			}
		}
	}
}

func TestClosingsAreARuleOrNone(t *testing.T) {
	for _, tt := range []struct {
		seen   []int64 // responses that the connections bore
		opened int64
		want   int64
	}{
		{nil, 10, 0},
		{[]int64{1, 1}, 4, 0}, // chance
		{[]int64{1, 1, 1}, 6, 1},
		{[]int64{1, 1, 1}, 7, 0}, // most of them were not closed
		{[]int64{100, 100, 100}, 5, 100},
		{[]int64{1, 1, 2}, 3, 0},
	} {
		var s closings
		for _, n := range slices.Backward(tt.seen) {
			s.add(closings{1, n, n})
		}
		s.add(closings{})
		if got := s.always(tt.opened); got != tt.want {
			t.Errorf("after %v of %d opened: %d, want %d", tt.seen, tt.opened, got, tt.want)
		}
	}
}
