package probe

import (
	"fmt"
	"net/netip"

	"github.com/prometheus/procfs"
)

// Connections shows all TCP sockets of the calling thread's network namespace, one
// dump for each family: listeners and sockets that are merely bound to listening, the
// others to visit. reset comes before each attempt; what was shown before does not
// count.
func Connections(reset func(), visit func(Connection), listening func(netip.AddrPort)) error {
	d, err := openDiag()
	if err != nil {
		return err
	}
	defer d.close()
	err = d.dump(boundStates|connectionStates, reset, func(m diagMsg) {
		if m.state() == stateListen || m.remote() == (endpoint{}) || m.remote() == unconnected {
			listening(m.local().addrPort())
			return
		}
		visit(m.connection())
	})
	if err != nil {
		return fmt.Errorf("list sockets: %w", err)
	}
	return nil
}

// unconnected is the remote end of an IPv4 socket that has none.
var unconnected = endpoint{10: 0xff, 11: 0xff}

// HasTCP says whether the calling thread's network namespace has any TCP socket. A dump
// goes through the one table of all namespaces, 4 to 13 ms for each family, which most
// namespaces of a host are not worth.
func HasTCP() (bool, error) {
	thread, err := procfs.NewFS(proc + "/thread-self")
	if err != nil {
		return false, fmt.Errorf("read sockstat: %w", err)
	}
	four, err := thread.NetSockstat()
	if err != nil {
		return false, fmt.Errorf("read sockstat: %w", err)
	}
	all := four.Protocols
	if six, err := thread.NetSockstat6(); err == nil { // without IPv6 there is none
		all = append(all, six.Protocols...)
	}
	for _, p := range all {
		if (p.Protocol == "TCP" || p.Protocol == "TCP6") && (p.InUse > 0 || p.TW != nil && *p.TW > 0) {
			return true, nil
		}
	}
	return false, nil
}
