package probe

import (
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Connections shows all TCP sockets of the calling thread's network namespace in one
// dump: first listeners and sockets that are merely bound to listening, then the
// others to visit. reset comes before each attempt; what was shown before does not
// count.
func Connections(reset func(), visit func(Connection), listening func(netip.AddrPort)) error {
	d, err := openDiag()
	if err != nil {
		return err
	}
	defer d.close()
	err = d.dump(boundStates|connectionStates, reset, func(m diagMsg) {
		if m.connected() {
			visit(m.connection())
		} else {
			listening(m.local())
		}
	})
	if err != nil {
		return fmt.Errorf("list sockets: %w", err)
	}
	return nil
}

// TCPSockets is how many TCP sockets the calling thread's network namespace has at the
// most: listeners, connections of both families, and TIME_WAITs. A dump goes through the
// one table of all namespaces, 2 to 13 ms, which most namespaces of a host are not worth.
func TCPSockets() (int, error) {
	table, err := readTable(netOfThread + "sockstat")
	if err != nil {
		return 0, fmt.Errorf("read sockstat: %w", err)
	}
	four, _ := socketsOf(table, "TCP", "inuse")
	waits, _ := socketsOf(table, "TCP", "tw") // of both families
	six := int64(0)
	if table, err := readTable(netOfThread + "sockstat6"); err == nil { // without IPv6 there is none
		six, _ = socketsOf(table, "TCP6", "inuse")
	}
	return int(four + waits + six), nil
}

// RemoteOf is where the kernel has the other end of a connection. getpeername(2) would not do:
// what connects a socket elsewhere, as Cilium does, has that tell the address that was asked
// for. Nor would the local end: one port serves a connection to each of many destinations.
func RemoteOf(c syscall.Conn) (netip.AddrPort, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	var stat unix.Stat_t
	if failed := raw.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &stat) }); failed != nil {
		err = failed
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("read a socket's inode: %w", err)
	}
	var found netip.AddrPort
	err = Connections(func() {}, func(c Connection) {
		if uint64(c.Inode) == stat.Ino {
			found = c.Remote
		}
	}, func(netip.AddrPort) {})
	if err == nil && !found.IsValid() {
		err = fmt.Errorf("the kernel's table of connections does not have socket %d", stat.Ino)
	}
	return found, err
}
