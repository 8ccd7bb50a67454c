package loadgen

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A server may speak, and leave, before it is asked: one that is overloaded
// does. Events are told once, and here all come together: the connection is
// up, has bytes, and is half closed. Of 64 connections that are opened in one
// go the first are so before the loop looks at any.
func TestAServerThatSpeaksAndLeavesAtOnceIsNotForgotten(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.say("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = p.Conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, p) // no reset tells of it either
	})
	r := mustRun(t, Config{
		URL:         s.url,
		Connections: 64,
		Profile:     Constant(500),
		Duration:    200 * time.Millisecond,
		Timeout:     time.Second,
	})
	t.Logf("%+v %v unasked %d idle %d", r.Counts, r.Causes, r.Unasked, r.ClosedIdle)
	if n := r.Causes[CauseTimeout]; n > 0 {
		t.Errorf("%d requests of %d timed out: %v", n, r.Sent, r.Causes)
	}
}

// What follows a response that fills the buffer to its last byte is in the
// socket still, and no event will tell of it. It answers no later request.
func TestWhatFollowsAFullBufferIsNoAnswer(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Length: 32000\r\nX-Fill: "
	l, c, server := exchanging(t)
	answer := head + strings.Repeat("x", len(l.buf)-len(head)-len("\r\n\r\n")-32000) + "\r\n\r\n" + strings.Repeat("y",
		32000)
	if _, err := io.WriteString(server, answer+"HTTP/1.1 500 Stray\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	l.collect()
	if l.n.OK != 1 || l.unasked != 1 || c.state != stateCold {
		t.Errorf("%d ok, %d times bytes that nobody asked for, state %d; want 1, 1 and a closed connection",
			l.n.OK, l.unasked, c.state)
	}
}

// stillLoop is a loop that does nothing by itself.
func stillLoop(t *testing.T, c Config) *loop {
	t.Helper()
	p, err := newPlan(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{
		plan:   p,
		engine: &epollEngine,
		clock:  must(newClock()),
		causes: newCauseTable(),
		first:  map[causeID]firstOf{},
	}
	r.limit.Store(Never)
	l := newLoop(r, 0)
	l.net.(*sockets).poll, l.fullEnd = must(newPoller()), Never
	t.Cleanup(func() { l.shutAll(); l.net.end() })
	return l
}

// exchanging is a loop with one connection, which has sent its request, and
// the server's end of it.
func exchanging(t *testing.T) (*loop, *conn, *os.File) {
	t.Helper()
	l := stillLoop(t, Config{URL: "http://127.0.0.1:1/", Connections: 1, Profile: Constant(1), Duration: time.Second})
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	server := os.NewFile(uintptr(pair[1]), "server")
	c := &l.conns[0]
	c.fd, c.established, c.busy, c.wire, c.intended = int32(pair[0]), true, true, l.wireOf(0), l.now()
	t.Cleanup(func() { server.Close() })
	l.net.(*sockets).poll.ctl(unix.EPOLL_CTL_ADD, c.fd, edges, c.self, c.gen)
	l.move(c, stateExchanging)
	l.exchange(c, l.now())
	return l, c, server
}

func TestPpollStandsInForEpollPwait2(t *testing.T) {
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	p.noPwait2 = true
	began := time.Now()
	calls := 0 // a signal of the runtime's may end one early, not twenty
	for d := time.Duration(0); d < 2*time.Millisecond && calls < 20; d = time.Since(began) {
		if n := p.wait(int64(2*time.Millisecond - d)); n != 0 {
			t.Errorf("%d events", n)
		}
		calls++
	}
	if calls == 20 {
		t.Errorf("20 calls waited %v of 2 ms", time.Since(began))
	}
}
