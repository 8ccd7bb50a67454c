package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TLS is the slower path: crypto/tls wants a blocking connection for its
// handshake and allocates per record. So a goroutine dials and shakes hands,
// posts the connection to its loop, and from then on the loop drives the same
// descriptor as any other, with crypto/tls between the socket and the parser.

// secure is an established TLS connection.
type secure struct {
	net net.Conn
	tls *tls.Conn
	fd  int32
	raw bool   // the handshake is over: the loop owns the descriptor
	out []byte // encrypted, not yet sent
	why string // what EPROTO stands for
}

// errAgain is EAGAIN as crypto/tls understands it: an error after which the
// connection is still good.
type errAgain struct{}

func (errAgain) Error() string   { return "nothing to read yet" }
func (errAgain) Timeout() bool   { return true }
func (errAgain) Temporary() bool { return true }

// Read gives crypto/tls what has arrived.
func (s *secure) Read(b []byte) (int, error) {
	if !s.raw {
		return s.net.Read(b)
	}
	n, e := recv(s.fd, b)
	switch {
	case e == unix.EAGAIN || e == unix.EINTR:
		return 0, errAgain{}
	case e != 0:
		return 0, e
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write takes what crypto/tls has encrypted; the loop sends it when the socket
// has room.
func (s *secure) Write(b []byte) (int, error) {
	if !s.raw {
		return s.net.Write(b)
	}
	s.out = append(s.out, b...)
	return len(b), nil
}

func (s *secure) Close() error                       { return s.net.Close() }
func (s *secure) LocalAddr() net.Addr                { return s.net.LocalAddr() }
func (s *secure) RemoteAddr() net.Addr               { return s.net.RemoteAddr() }
func (s *secure) SetDeadline(t time.Time) error      { return s.net.SetDeadline(t) }
func (s *secure) SetReadDeadline(t time.Time) error  { return s.net.SetReadDeadline(t) }
func (s *secure) SetWriteDeadline(t time.Time) error { return s.net.SetWriteDeadline(t) }

// receive is recv of what was encrypted.
func (s *secure) receive(b []byte) (int, unix.Errno) {
	n, err := s.tls.Read(b)
	var e unix.Errno
	switch {
	case n > 0:
		return n, 0
	case err == io.EOF:
		return 0, 0
	case errors.Is(err, errAgain{}):
		return 0, unix.EAGAIN
	case errors.As(err, &e):
		return 0, e
	}
	s.why = err.Error()
	return 0, unix.EPROTO // an alert, or a record that does not decrypt
}

// outgoing is what the request of c is on the wire.
func (s *sockets) outgoing(c *conn) []byte {
	if c.secure == nil {
		return c.wire.bytes
	}
	return c.secure.out
}

// encrypt prepares the request on a TLS connection.
func (s *sockets) encrypt(c *conn) error {
	c.secure.out = c.secure.out[:0]
	_, err := c.secure.tls.Write(c.wire.bytes)
	return err
}

// dialer makes the TLS connections of one loop.
type dialer struct {
	config *tls.Config
	wake   int32 // an eventfd in the loop's poller, slot -1
	wg     sync.WaitGroup
	mu     sync.Mutex
	mail   []dialed
}

// dialed is a connection attempt that ended.
type dialed struct {
	slot   int32
	gen    uint32
	secure *secure
	err    error
}

func (s *sockets) newDialer(config *tls.Config) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return err
	}
	s.dialer = &dialer{config: config, wake: int32(fd)}
	s.poll.ctl(unix.EPOLL_CTL_ADD, s.dialer.wake, unix.EPOLLIN, -1, 0)
	return nil
}

// dial begins to open a TLS connection for c.
func (s *sockets) dial(c *conn, source netip.Addr) {
	c.gen++
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.l.timeout))
	c.cancel = cancel
	d, slot, gen, target := s.dialer, c.self, c.gen, s.l.target(c)
	d.wg.Go(func() {
		s, err := handshake(ctx, target, source, d.config)
		d.mu.Lock()
		d.mail = append(d.mail, dialed{slot, gen, s, err})
		d.mu.Unlock()
		one := uint64(1)
		unix.RawSyscall(unix.SYS_WRITE, uintptr(d.wake), uintptr(unsafe.Pointer(&one)), 8)
	})
}

func handshake(ctx context.Context, target endpoint, source netip.Addr, config *tls.Config) (*secure, error) {
	nd := net.Dialer{}
	if source.IsValid() {
		nd.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
		nd.Control = func(_, _ string, rc syscall.RawConn) error {
			return rc.Control(func(fd uintptr) { setOption(int32(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT) })
		}
	}
	nc, err := nd.DialContext(ctx, target.network(), target.address())
	if err != nil {
		return nil, err
	}
	s := &secure{net: nc}
	s.tls = tls.Client(s, config)
	if err := s.tls.HandshakeContext(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	rc, err := nc.(syscall.Conn).SyscallConn()
	if err == nil {
		err = rc.Control(func(fd uintptr) { s.fd = int32(fd) })
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	s.raw = true
	return s, nil
}

// readMail takes the connections dialled since.
func (s *sockets) readMail() {
	var b [8]byte
	unix.RawSyscall(unix.SYS_READ, uintptr(s.dialer.wake), uintptr(unsafe.Pointer(&b)), 8)
	s.dialer.mu.Lock()
	mail := s.dialer.mail
	s.dialer.mail = nil
	s.dialer.mu.Unlock()
	for _, m := range mail {
		c, now := &s.l.conns[m.slot], s.l.now()
		if c.gen != m.gen || c.state != stateConnecting { // given up meanwhile
			if m.secure != nil {
				_ = m.secure.Close()
			}
			continue
		}
		if m.err != nil {
			s.l.dialFailed(c, m.err, now)
			continue
		}
		c.secure, c.fd = m.secure, m.secure.fd
		s.poll.ctl(unix.EPOLL_CTL_ADD, c.fd, unix.EPOLLIN, c.self, c.gen)
		s.l.connected(c, now)
	}
}

// close waits for the dials under way, which the loop has cancelled, and
// closes what they still brought.
func (d *dialer) close() {
	d.wg.Wait()
	for _, m := range d.mail {
		if m.secure != nil {
			_ = m.secure.Close()
		}
	}
	closeFD(d.wake)
}
