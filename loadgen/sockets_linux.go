package loadgen

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// epollEngine gives each loop an OS thread, an epoll instance and sockets of
// its own.
var epollEngine = engine{transport: newSockets, check: trySources, threads: addProcs}

// sockets are the transport of the epoll engine.
type sockets struct {
	l       *loop
	poll    *poller
	stamps  stamps
	urgent  int // connections that connect, or send a request longer than the socket takes
	targets []rawAddr
	dialer  *dialer // nil: plain HTTP
}

// epollConn is the part of a conn that is theirs.
type epollConn struct {
	fd      int32              // -1: none
	gen     uint32             // of the descriptor: an event for an earlier one is stale
	wrote   int32              // bytes of the request written
	wantOut bool               // EPOLLOUT is armed: the request did not fit the socket buffer
	secure  *secure            // TLS: nil for plain HTTP
	cancel  context.CancelFunc // TLS: ends the dial under way
}

func newSockets(l *loop) transport {
	s := &sockets{l: l}
	for _, e := range l.run.plan.targets {
		s.targets = append(s.targets, e.raw())
	}
	for i := range l.conns {
		l.conns[i].fd = -1
	}
	if l.mode != Closed && l.run.plan.tls == nil {
		s.stamps.ask(l.buf)
	}
	return s
}

// begin takes a thread. It is not given back: its timer slack and its pinning
// die with it.
func (s *sockets) begin() error {
	runtime.LockOSThread()
	l := s.l
	if l.mode != Relaxed {
		precise()
	}
	if cpus := l.run.plan.CPUs; len(cpus) > 0 {
		if err := pin(cpus[l.id%len(cpus)]); err != nil {
			return err
		}
	}
	var err error
	if s.poll, err = newPoller(); err != nil {
		return fmt.Errorf("event loop %d: %w", l.id, err)
	}
	if l.run.plan.tls == nil {
		return nil
	}
	if err := s.newDialer(l.run.plan.tls); err != nil {
		s.poll.close()
		return fmt.Errorf("event loop %d: creating an eventfd: %w", l.id, err)
	}
	return nil
}

func (s *sockets) end() {
	if s.dialer != nil {
		s.dialer.close()
	}
	s.poll.close()
}

func (s *sockets) cpu() (user, sys int64) { return threadCPU() }

// wait also compares the clocks, for the stamps of what it tells of.
func (s *sockets) wait(ns int64) int {
	n := s.poll.wait(ns)
	if n > 0 && s.stamps.asked {
		s.compareClocks()
	}
	return n
}

// handle acts on an event.
func (s *sockets) handle(i int) {
	ev := &s.poll.events[i]
	if ev.Fd < 0 {
		s.readMail()
		return
	}
	c := &s.l.conns[ev.Fd]
	if c.gen != uint32(ev.Pad) || c.fd < 0 {
		return
	}
	switch c.state {
	case stateConnecting:
		now := s.l.now()
		if e := socketError(c.fd); e != 0 {
			s.l.refused(c, "connect: ", e, now)
		} else if ev.Events&unix.EPOLLOUT != 0 {
			s.urgent--
			s.l.connected(c, now)
			if c.gen == uint32(ev.Pad) && c.fd >= 0 {
				s.arrived(c, ev.Events) // a server may speak, or leave, before it is asked
			}
		}
	case stateIdle:
		s.arrived(c, ev.Events)
	case stateExchanging:
		// Reading comes first: an answer that is already there ends the
		// exchange, however much of the request is still unsent.
		s.arrived(c, ev.Events)
		if c.state == stateExchanging && c.gen == uint32(ev.Pad) && c.wantOut && ev.Events&unix.EPOLLOUT != 0 {
			s.write(c)
		}
	}
}

// arrived reads what an event tells has come on an established connection.
func (s *sockets) arrived(c *conn, events uint32) {
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	switch c.state {
	case stateIdle:
		s.l.checkIdle(c)
	case stateExchanging:
		s.l.read(c, events&unix.EPOLLRDHUP != 0)
	}
}

// edges are the events of a plain connection, for its whole life. They are told
// once each, when something changes, not for as long as it is so: otherwise the
// kernel asks every socket it has just reported again at the next wait, a tenth
// of a microsecond per request. In return whoever gets one must use it up.
const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// tellAgain makes another event of what is left. crypto/tls may hold the rest
// where no event tells of it, so TLS is read to the end.
func (s *sockets) tellAgain(c *conn) bool {
	if c.secure != nil {
		return false
	}
	s.poll.ctl(unix.EPOLL_CTL_MOD, c.fd, edges, c.self, c.gen)
	return true
}

func (s *sockets) empties(c *conn) bool { return c.secure == nil }
func (s *sockets) peeks(c *conn) bool   { return c.secure == nil }

func (s *sockets) connect(c *conn, source netip.Addr) {
	if s.dialer != nil {
		s.dial(c, source)
		return
	}
	l, target := s.l, &s.targets[c.to]
	fd, e := openSocket(target.family, source)
	if e != 0 {
		l.refused(c, "socket: ", e, c.since)
		return
	}
	if s.stamps.asked {
		setOption(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS) // refused: no stamps come, and the loop takes no naps
	}
	if e = connect(fd, target); e != 0 && e != unix.EINPROGRESS {
		closeFD(fd)
		l.refused(c, "connect: ", e, c.since)
		return
	}
	c.gen++
	if e = s.poll.ctl(unix.EPOLL_CTL_ADD, fd, edges, c.self, c.gen); e != 0 {
		closeFD(fd)
		l.refused(c, "socket: ", e, c.since)
		return
	}
	c.fd = fd
	s.urgent++
}

// send begins to send the request of c.
func (s *sockets) send(c *conn) {
	c.wrote = 0
	if c.secure != nil {
		if err := s.encrypt(c); err != nil {
			s.l.broken(c, unix.EPIPE, c.service)
			return
		}
	}
	s.write(c)
}

func (s *sockets) write(c *conn) {
	out := s.outgoing(c)
	for {
		n, e := send(c.fd, out[c.wrote:])
		switch e {
		case 0:
			c.wrote += int32(n)
			s.l.bytesOut += int64(n)
		case unix.EINTR:
			continue
		case unix.EAGAIN:
		default:
			// The peer is gone, but may have answered before it left, as a
			// server does that refuses a body.
			s.l.read(c, true)
			if c.state == stateExchanging {
				s.l.broken(c, e, s.l.now())
			}
			return
		}
		break
	}
	if want := int(c.wrote) < len(out); want != c.wantOut {
		c.wantOut = want
		events := uint32(unix.EPOLLIN)
		if want {
			s.urgent++
			events |= unix.EPOLLOUT
		} else {
			s.urgent--
		}
		if c.secure != nil { // others are told of every change
			s.poll.ctl(unix.EPOLL_CTL_MOD, c.fd, events, c.self, c.gen)
		}
	}
}

func (s *sockets) sent(c *conn) bool   { return int(c.wrote) == len(s.outgoing(c)) }
func (s *sockets) partly(c *conn) bool { return c.wrote > 0 && !s.sent(c) }

// untaken asks the kernel what the server's has acknowledged.
func (s *sockets) untaken(c *conn) bool {
	if s.partly(c) {
		return false // it may have read the part that was sent, and refused the rest
	}
	info, err := unix.GetsockoptTCPInfo(int(c.fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return c.wrote == 0 // a Unix-domain socket: the end alone means that all was read
	}
	if info.State == unix.BPF_TCP_CLOSE {
		return true
	}
	unacked, err := unix.IoctlGetInt(int(c.fd), unix.TIOCOUTQ)
	return err == nil && unacked > 0
}

func (s *sockets) alert(c *conn) string {
	if c.secure == nil {
		return ""
	}
	return c.secure.why
}

// receive is recv for either kind of connection.
func (s *sockets) receive(c *conn) (int, syscall.Errno) {
	switch {
	case s.stamps.asked:
		return s.stamps.recv(c.fd)
	case c.secure == nil:
		return recv(c.fd, s.l.buf)
	}
	return c.secure.receive(s.l.buf)
}

func (s *sockets) close(c *conn) {
	if c.fd >= 0 {
		if c.state == stateConnecting || c.wantOut {
			s.urgent--
		}
		if c.secure != nil {
			_ = c.secure.Close()
			c.secure = nil
		} else {
			closeFD(c.fd)
		}
	}
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
	c.fd, c.wantOut = -1, false
}

// trySources binds each source once: an address this host does not have is a
// mistake in the configuration, to be told before the load.
func trySources(p *plan) error {
	for _, a := range p.Sources {
		family := unix.AF_INET
		if a.Unmap().Is6() {
			family = unix.AF_INET6
		}
		fd, e := openSocket(family, a)
		if e != 0 {
			return fmt.Errorf("source address %s: %w", a, e)
		}
		closeFD(fd)
	}
	return nil
}
