package backend

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// ProcessName is what the process calls itself, in the 15 bytes the kernel
// keeps, so that the probe tells it from the agents, which are the same
// program.
const ProcessName = "lab99-backend"

// Server is how the backend behaves. The zero Server closes every connection
// after one answer, at once.
type Server struct {
	// Delay is from the end of a request to its answer.
	Delay time.Duration
	// CloseDelay moves every close: it comes that much later than it would
	// have. That is after the last byte of the answer where the backend closes
	// first, and after the peer's FIN where the peer does.
	CloseDelay time.Duration
	// KeepAlive lets HTTP/1.1 connections live on unless the request says
	// Connection: close. Without it every answer says so.
	KeepAlive bool
	// Requests is how many a connection may make; 0 is no limit.
	Requests int

	mu    sync.Mutex
	conns map[*conn]bool // true: in the middle of a request
	ended bool
	busy  sync.WaitGroup // one for each request under way
}

// drainFor bounds, beyond Delay, how long requests under way are waited for.
const drainFor = 5 * time.Second

// Serve answers what comes in on the listeners until ctx ends, or one of them
// fails. Then it closes them and the idle connections, finishes the requests
// under way, and returns; a close that is still delayed is left to the end of
// the process. The error is the listener's; nil after ctx.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	s.conns = map[*conn]bool{}
	err := serveEach(ctx, listeners, func(l net.Listener) error { return acceptAll(l, s.take) })
	for _, l := range listeners {
		l.Close()
	}
	s.drain()
	return err
}

// serveEach serves the listeners until ctx ends, or one of them fails: the error is that one's.
func serveEach(ctx context.Context, listeners []net.Listener, serve func(net.Listener) error) error {
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- serve(l) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// acceptAll has each connection taken, until the listener fails.
func acceptAll(l net.Listener, take func(net.Conn)) error {
	for {
		c, err := l.Accept()
		var brief interface{ Temporary() bool }
		switch {
		case err == nil:
			take(c)
		case errors.As(err, &brief) && brief.Temporary():
			time.Sleep(5 * time.Millisecond) // out of descriptors: some come back as connections end
		default:
			return err
		}
	}
}

// take starts a connection. Go has set TCP_NODELAY, so answers leave at once.
func (s *Server) take(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		c.Close()
		return
	}
	k := &conn{Conn: c, server: s}
	s.conns[k] = false
	go k.serve()
}

// begin marks a request as under way; false when the server is ending.
func (s *Server) begin(k *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.conns[k] = true
	s.busy.Add(1)
	return true
}

func (s *Server) finish(k *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[k] = false
	s.busy.Done()
	if s.ended {
		k.Close()
	}
}

func (s *Server) forget(k *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, k)
}

func (s *Server) drain() {
	s.mu.Lock()
	s.ended = true
	for k, busy := range s.conns {
		if !busy {
			k.Close()
		}
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.busy.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(s.Delay + drainFor):
	}
}
