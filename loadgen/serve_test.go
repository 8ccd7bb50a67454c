package loadgen

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// server is a raw TCP server whose every byte the test decides. It counts what
// it saw: the truth the generator is held to.
type server struct {
	net.Listener
	url         string
	connections atomic.Int64
	requests    atomic.Int64
}

// peer is the server's end of one connection.
type peer struct {
	net.Conn
	r *bufio.Reader
	n int // requests read on this connection
}

// request reads one request, body included. It returns false at the end.
func (p *peer) request() bool {
	length := 0
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return false
		}
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(v)
		}
		if line == "" {
			break
		}
	}
	if _, err := io.CopyN(io.Discard, p.r, int64(length)); err != nil {
		return false
	}
	p.n++
	return true
}

func (p *peer) say(s string) { _, _ = io.WriteString(p, s) }

// reset closes with a RST.
func (p *peer) reset() {
	_ = p.Conn.(*net.TCPConn).SetLinger(0)
	_ = p.Close()
}

// serve starts a server that hands each connection to handle, and closes it
// when handle returns.
func serve(t testing.TB, handle func(*peer)) *server {
	t.Helper()
	return serveAt(t, "127.0.0.1:0", handle)
}

func serveAt(t testing.TB, addr string, handle func(*peer)) *server {
	t.Helper()
	s := tryServe(t, addr, handle)
	if s == nil {
		t.Fatalf("cannot listen at %s", addr)
	}
	return s
}

// tryServe returns nil if the address cannot be listened at.
func tryServe(t testing.TB, addr string, handle func(*peer)) *server {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil
	}
	return serveOn(t, l, handle)
}

func serveOn(t testing.TB, l net.Listener, handle func(*peer)) *server {
	s := &server{Listener: l, url: "http://" + l.Addr().String() + "/"}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				handle(&peer{Conn: c, r: bufio.NewReader(countingReader{c, s})})
				_ = c.Close()
				mu.Lock()
				delete(open, c)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return s
}

// countingReader counts requests by their first line's method.
type countingReader struct {
	io.Reader
	s *server
}

func (r countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 4 {
		switch string(b[:4]) {
		case "GET ", "POST", "HEAD":
			r.s.requests.Add(1)
		}
	}
	return n, err
}

// always answers every request alike.
func always(answer string) func(*peer) {
	return func(p *peer) {
		for p.request() {
			p.say(answer)
		}
	}
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// spins tells whether the engine has the mode Spin.
func spins() bool { return theEngine.check(&plan{Config: Config{Mode: Spin}}) == nil }
