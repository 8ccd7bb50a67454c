package probe

import (
	"fmt"
	"net/netip"
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
