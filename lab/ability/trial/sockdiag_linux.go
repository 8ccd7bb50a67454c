package trial

import (
	"errors"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/probe"
)

// inetDiag lists the TIME_WAITs that timeWaitCount has left.
func inetDiag(b *bench) error {
	left, err := probe.TimeWaitsLeft(netip.AddrPortFrom(b.addr, portTimeWait))
	if err == nil && len(left) == 0 {
		return errors.New("it lists none of the sockets that there are")
	}
	b.found.InetDiag, err = decide(err)
	return err
}

func sockDestroy(b *bench) error {
	l, err := b.listen(portDestroy, 1)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	fd, _, err := b.dial(portDestroy)
	if err != nil {
		return err
	}
	defer abort(fd)
	server, err := accept(l)
	if err != nil {
		return err
	}
	defer abort(server)
	port, err := localPort(fd)
	if err != nil {
		return err
	}
	at := func(port int) *net.TCPAddr { return &net.TCPAddr{IP: b.addr.AsSlice(), Port: port} }
	b.found.SockDestroy, err = decide(netlink.SocketDestroy(at(port), at(portDestroy)))
	return err
}
