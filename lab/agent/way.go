package agent

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/probe"
)

// wayTry is how long a SYN may go without an answer. In a cluster one is a millisecond away.
const wayTry = 300 * time.Millisecond

// try makes the connection.
func (w *Way) try(ctx context.Context) (*There, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(w.TimeoutMs)*time.Millisecond)
	defer cancel()
	var c *net.TCPConn
	err := until(ctx, func() (err error) { c, err = connect(ctx, w.To); return err })
	if err != nil {
		return nil, fmt.Errorf("no way to %v: %w", w.To, err)
	}
	t, err := there(c)
	crash.Go(func() {
		time.Sleep(time.Duration(w.HoldMs) * time.Millisecond)
		c.Close()
	})
	return t, err
}

// connect makes a connection whose close is a reset.
func connect(ctx context.Context, to netip.AddrPort) (*net.TCPConn, error) {
	c, err := (&net.Dialer{Timeout: wayTry}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	return tcp, tcp.SetLinger(0)
}

// there is what the kernel has of a connection.
func there(c *net.TCPConn) (*There, error) {
	local := c.LocalAddr().(*net.TCPAddr).AddrPort()
	remote, err := probe.RemoteOf(c)
	return &There{Local: netip.AddrPortFrom(local.Addr().Unmap(), local.Port()), Remote: remote}, err
}

// list are all that have not ended: a server that puts accept(2) off until there is data, as
// Apache does, leaves a connection half open.
func (p *Peers) list() (all []netip.AddrPort, err error) {
	err = probe.Connections(func() { all = nil }, func(c probe.Connection) {
		if c.Local.Port() == p.Port && !c.TimeWait() {
			all = append(all, c.Remote)
		}
	}, func(netip.AddrPort) {})
	return all, err
}
