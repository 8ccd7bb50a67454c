package loadgen

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// stream is one connection of the portable engine, or an attempt to open one.
// A goroutine opens it and then reads, another one writes. The reader posts
// the stream to its loop when there is something to tell, and touches what the
// loop reads of it only after goOn.
type stream struct {
	slot   int32 // of the conn
	mail   chan<- *stream
	clock  *clock
	users  *users
	cancel context.CancelFunc // of both goroutines
	gone   <-chan struct{}    // it was called

	raw net.Conn // the connection
	net net.Conn // the same, or TLS over it

	// Of the reader.
	resume chan struct{}
	buf    []byte
	n      int   // bytes in buf
	at     int64 // when they, or the end, were read
	err    error // there will be no more
	full   bool  // the loop's: n and err tell something new

	// Of the writer.
	request chan []byte
	written chan struct{}
	writing atomic.Bool
	wrote   atomic.Int64 // bytes of the request
	failed  atomic.Int64 // the errno of writing it
}

// users are the goroutines of a loop's streams.
type users struct {
	sync.WaitGroup
	wrote atomic.Int64 // bytes, by all
}

// readSize is the buffer of one stream, which each has for itself.
const readSize = 8 << 10

// settle is how long a reader waits for the writer to say that it is done: a
// response may overtake that on a busy machine, and one that comes before its
// request was sent ends the connection. The time of the response is taken before.
const settle = 100 * time.Millisecond

// live is the life of a stream, but for its writes.
func (s *stream) live(ctx context.Context, target endpoint, source netip.Addr, config *tls.Config) {
	if s.err = s.open(ctx, target, source, config); s.raw != nil {
		defer s.raw.Close()
	}
	if !s.tell() || s.err != nil {
		return
	}
	s.users.Go(s.writes)
	s.buf = make([]byte, readSize)
	for s.err == nil {
		n, err := s.net.Read(s.buf)
		at := s.clock.now()
		s.settled()
		s.n, s.err, s.at = n, err, at
		if !s.tell() {
			return
		}
	}
}

func (s *stream) open(ctx context.Context, target endpoint, source netip.Addr, config *tls.Config) (err error) {
	var d net.Dialer
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	if s.raw, err = d.DialContext(ctx, target.network(), target.address()); err != nil {
		return err
	}
	if s.net = s.raw; config != nil {
		secure := tls.Client(s.raw, config)
		s.net, err = secure, secure.HandshakeContext(ctx)
	}
	return err
}

// tell posts the stream, and waits until the loop has taken what it tells.
func (s *stream) tell() (goOn bool) {
	select {
	case s.mail <- s:
	case <-s.gone:
		return false
	}
	select {
	case <-s.resume:
		return true
	case <-s.gone:
		return false
	}
}

func (s *stream) goOn() { s.resume <- struct{}{} }

func (s *stream) send(b []byte) {
	s.wrote.Store(0)
	s.writing.Store(true)
	s.request <- b
}

func (s *stream) writes() {
	for {
		select {
		case b := <-s.request:
			n, err := s.net.Write(b)
			if err != nil {
				s.failed.Store(int64(errnoOf(err)))
			}
			s.users.wrote.Add(int64(n))
			s.wrote.Store(int64(n))
			s.writing.Store(false)
			select {
			case s.written <- struct{}{}:
			default: // nobody waited for the last
			}
		case <-s.gone:
			return
		}
	}
}

// settled waits until nothing is being written, at most for settle.
func (s *stream) settled() {
	if !s.writing.Load() {
		return
	}
	late := time.NewTimer(settle)
	defer late.Stop()
	for s.writing.Load() {
		select {
		case <-s.written:
		case <-late.C:
			return
		case <-s.gone:
			return
		}
	}
}

// ending is the errno with which the stream ended; 0 is an end in order. One
// that answered nothing, and did not take the request, had not.
func (s *stream) ending(got bool) syscall.Errno {
	switch e := syscall.Errno(s.failed.Load()); {
	case s.err != io.EOF:
		return errnoOf(s.err)
	case !got:
		return e
	}
	return 0
}
