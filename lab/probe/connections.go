package probe

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Connection is one TCP socket that is no listener.
type Connection struct {
	Local, Remote netip.AddrPort // IPv4 addresses are never v4-mapped
	State         string         // as ss(8) spells it

	// Remaining is how long a TIME_WAIT's timer still runs. The timer wheel fires up to
	// a few seconds later (law.TimeWaitMax), and meanwhile it is 0.
	Remaining time.Duration

	Inode uint32 // of the socket; 0 where no process holds it
}

// TimeWait says whether the connection is in TIME_WAIT.
func (c Connection) TimeWait() bool { return c.State == stateNames[stateTimeWait] }

// remaining is the time until the socket's timer is due, idiag_expires.
func (m diagMsg) remaining() time.Duration {
	return time.Duration(binary.NativeEndian.Uint32(m[52:])) * time.Millisecond
}

func (m diagMsg) inode() uint32 { return binary.NativeEndian.Uint32(m[68:]) }

// local and remote are the two ends of the socket.
func (m diagMsg) local() netip.AddrPort  { return netip.AddrPortFrom(m.address(8), m.localPort()) }
func (m diagMsg) remote() netip.AddrPort { return netip.AddrPortFrom(m.address(24), m.remotePort()) }

func (m diagMsg) address(at int) netip.Addr {
	if m[0] == familyINET {
		return netip.AddrFrom4([4]byte(m[at:]))
	}
	return netip.AddrFrom16([16]byte(m[at:])).Unmap()
}

// connected says whether the socket is a connection: not a listener, nor merely bound.
func (m diagMsg) connected() bool {
	return m.state() != stateListen && (m.remotePort() != 0 || !m.address(24).IsUnspecified())
}

func (m diagMsg) connection() Connection {
	c := Connection{Local: m.local(), Remote: m.remote(), Inode: m.inode()}
	if int(m.state()) < stateCount {
		c.State = stateNames[m.state()]
	}
	// tcp_diag shows a FIN_WAIT2 that the kernel shrank with its timer too, but that one
	// begins a TIME_WAIT of its own when the FIN comes.
	if m.state() == stateTimeWait {
		c.Remaining = m.remaining()
	}
	return c
}

// ReadConnections reads what /proc/PID/net/tcp and tcp6 have, which needs no membership
// in the namespace: get_tcp4_sock and get_timewait4_sock, net/ipv4/tcp_ipv4.c. The
// timer is in steps of 10 ms there. listening gets the ports of listeners.
func ReadConnections(r io.Reader, visit func(Connection), listening func(netip.AddrPort)) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 10 || f[0] == "sl" {
			continue
		}
		var c Connection
		var err error
		if c.Local, err = parseProcEnd(f[1]); err != nil {
			return err
		}
		if c.Remote, err = parseProcEnd(f[2]); err != nil {
			return err
		}
		state, err := strconv.ParseUint(f[3], 16, 8)
		if err != nil || int(state) >= stateCount {
			return fmt.Errorf("%q is no state of a socket", f[3])
		}
		if state == stateListen {
			listening(c.Local)
			continue
		}
		c.State = stateNames[state]
		if state == stateTimeWait {
			_, when, _ := strings.Cut(f[5], ":")
			ticks, err := strconv.ParseUint(when, 16, 64)
			if err != nil {
				return fmt.Errorf("%q is no timer of a socket", f[5])
			}
			if ticks < maxTicks { // one that is due may be negative, which is written as a large number
				c.Remaining = time.Duration(ticks) * time.Second / ticksPerSecond
			}
		}
		inode, err := strconv.ParseUint(f[9], 10, 32)
		if err != nil {
			return fmt.Errorf("%q is no inode of a socket", f[9])
		}
		c.Inode = uint32(inode)
		visit(c)
	}
	return lines.Err()
}

// maxTicks is an hour, longer than any TIME_WAIT.
const maxTicks = 3600 * ticksPerSecond

// parseProcEnd reads 0100007F:1F90: the words of the address in the order of the
// machine's bytes, and the port.
func parseProcEnd(s string) (netip.AddrPort, error) {
	text, port, ok := strings.Cut(s, ":")
	if !ok || len(text) != 8 && len(text) != 32 {
		return netip.AddrPort{}, fmt.Errorf("%q is no end of a socket", s)
	}
	var b [16]byte
	for i := 0; i < len(text); i += 8 {
		word, err := strconv.ParseUint(text[i:i+8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("%q is no end of a socket", s)
		}
		binary.NativeEndian.PutUint32(b[i/2:], uint32(word))
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no end of a socket", s)
	}
	if len(text) == 8 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[:4])), uint16(n)), nil
	}
	return netip.AddrPortFrom(netip.AddrFrom16(b).Unmap(), uint16(n)), nil
}
