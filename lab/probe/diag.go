package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// The sock_diag(7) dump, as bytes. Our own reader, because the libraries
// measured against it took two to three times the CPU and left 9 to 13 MiB of
// garbage per dump of 28,000 sockets; this one leaves next to none.

const (
	nlHeaderLen = 16               // struct nlmsghdr
	diagLen     = 72               // struct inet_diag_msg
	requestLen  = nlHeaderLen + 60 // struct inet_diag_req

	nlError      = 2     // NLMSG_ERROR
	nlDone       = 3     // NLMSG_DONE
	nlTCP        = 18    // TCPDIAG_GETSOCK
	flagRequest  = 0x01  // NLM_F_REQUEST
	flagDump     = 0x300 // NLM_F_ROOT | NLM_F_MATCH
	flagDumpIntr = 0x10  // NLM_F_DUMP_INTR
	familyINET   = 2     // AF_INET
)

// errInterrupted says that the table changed under the dump in a way the
// kernel noticed: the dump may lack entries and has to be made again.
var errInterrupted = errors.New("the kernel's dump was interrupted (NLM_F_DUMP_INTR)")

// diagMsg is one struct inet_diag_msg.
type diagMsg []byte

func (m diagMsg) state() uint8       { return m[1] }
func (m diagMsg) localPort() uint16  { return binary.BigEndian.Uint16(m[4:]) }
func (m diagMsg) remotePort() uint16 { return binary.BigEndian.Uint16(m[6:]) }

// localEnd and remoteEnd are the two ends of the socket.
func (m diagMsg) localEnd() endpoint  { return m.end(4, 8) }
func (m diagMsg) remoteEnd() endpoint { return m.end(6, 24) }

func (m diagMsg) end(port, addr int) (e endpoint) {
	if m[0] == familyINET {
		e[10], e[11] = 0xff, 0xff
		copy(e[12:16], m[addr:addr+4])
	} else {
		copy(e[:16], m[addr:addr+16])
	}
	copy(e[16:], m[port:port+2])
	return e
}

// endpoint is an address and port in 18 bytes: a cheap map key, in which
// IPv4 is always v4-mapped. A dual-stack listener such as Apache's accepts
// IPv4 clients on AF_INET6 sockets whose ends are ::ffff:a.b.c.d, and those
// must meet the plain IPv4 destination.
type endpoint [18]byte

func endpointOf(a netip.AddrPort) (e endpoint) {
	b := a.Addr().As16()
	copy(e[:], b[:])
	binary.BigEndian.PutUint16(e[16:], a.Port())
	return e
}

// putRequest writes a dump request for TCP sockets of both families.
//
// It is the request of before Linux 3.3, which every kernel answers: inet_diag_dump_compat
// (net/ipv4/inet_diag.c) makes AF_UNSPEC of whatever family it names. Today's
// SOCK_DIAG_BY_FAMILY takes one family, and each dump walks the kernel's one table of all
// network namespaces, which costs more than the sockets of most of them.
func putRequest(b *[requestLen]byte, seq uint32, states uint32) {
	clear(b[:])
	ne := binary.NativeEndian
	ne.PutUint32(b[0:], requestLen)
	ne.PutUint16(b[4:], nlTCP)
	ne.PutUint16(b[6:], flagRequest|flagDump)
	ne.PutUint32(b[8:], seq)
	b[16] = familyINET
	ne.PutUint32(b[nlHeaderLen+52:], states)
}

// parseDiag walks the netlink messages of one datagram that answer request
// seq and shows each socket to visit. done says that the dump has ended.
func parseDiag(b []byte, seq uint32, visit func(diagMsg)) (done bool, err error) {
	ne := binary.NativeEndian
	interrupted := false
	for len(b) > 0 {
		if len(b) < nlHeaderLen {
			return false, fmt.Errorf("sock_diag: %d stray bytes after the last message", len(b))
		}
		n := int(ne.Uint32(b[0:]))
		if n < nlHeaderLen || n > len(b) {
			return false, fmt.Errorf("sock_diag: a message of %d bytes in %d received", n, len(b))
		}
		kind, flags, payload := ne.Uint16(b[4:]), ne.Uint16(b[6:]), b[nlHeaderLen:n]
		mine := ne.Uint32(b[8:]) == seq
		b = b[min(len(b), (n+3)&^3):] // messages are aligned to 4 bytes
		if !mine {
			continue // left over from a dump that was given up
		}
		if flags&flagDumpIntr != 0 {
			interrupted = true
		}
		switch kind {
		case nlTCP:
			if len(payload) < diagLen {
				return false, fmt.Errorf("sock_diag: a socket of %d bytes, want %d", len(payload), diagLen)
			}
			visit(diagMsg(payload))
		case nlDone, nlError:
			// Both start with an int: 0 or a negated errno.
			if len(payload) >= 4 {
				if code := int32(ne.Uint32(payload)); code != 0 {
					return true, fmt.Errorf("sock_diag: %w", syscall.Errno(-code))
				}
			}
			done = true
		}
	}
	if interrupted {
		return done, errInterrupted
	}
	return done, nil
}
