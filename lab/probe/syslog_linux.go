package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Syslog takes the error log of a server that writes no file but sends each line as a
// datagram, as HAProxy does. What it sends is the line alone ("format raw"). Not for
// concurrent use.
type Syslog struct {
	Lines
	conn *net.UDPConn
	buf  []byte
	oob  []byte
	lost uint32 // datagrams that found no room
}

// syslogBuffer is what the kernel may keep between two polls, as far as net.core.rmem_max
// allows: some 300 lines for each 208 KiB.
const syslogBuffer = 4 << 20

// NewSyslog listens at an address of the host.
func NewSyslog(at netip.AddrPort, log Log, excerpt int) (*Syslog, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, fmt.Errorf("listen for the server's error log: %w", err)
	}
	s := &Syslog{Lines: NewLines(log, excerpt), conn: conn, buf: make([]byte, maxLine), oob: make([]byte, 64)}
	if err := errors.Join(conn.SetReadBuffer(syslogBuffer), s.countLost()); err != nil {
		conn.Close()
		return nil, fmt.Errorf("listen for the server's error log: %w", err)
	}
	return s, nil
}

// countLost has each datagram come with the number of those lost before it.
func (s *Syslog) countLost() error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1) })
	return errors.Join(failed, err)
}

// Poll reads what has come since the last call.
func (s *Syslog) Poll() error {
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			return err
		}
		n, oob, _, _, err := s.conn.ReadMsgUDPAddrPort(s.buf, s.oob)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the server's error log: %w", err)
		}
		s.count(s.oob[:oob])
		for line := range bytes.Lines(s.buf[:n]) {
			s.Add(bytes.TrimRight(line, "\r\n\x00"))
		}
	}
}

// count takes the number of lost datagrams.
func (s *Syslog) count(oob []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return // it is the kernel's own
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_RXQ_OVFL && len(m.Data) >= 4 {
			s.lost = binary.NativeEndian.Uint32(m.Data)
		}
	}
}

// Drain reads the rest. It fails where lines were lost for want of room.
func (s *Syslog) Drain(context.Context) error {
	if err := s.Poll(); err != nil {
		return err
	}
	if s.lost > 0 {
		return fmt.Errorf("%d lines of the server's error log were lost: they came faster than they could be read",
			s.lost)
	}
	return nil
}

// Close stops to listen.
func (s *Syslog) Close() error { return s.conn.Close() }
