package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
)

// connect begins to open a connection for c. connected or refused follows.
func (l *loop) connect(c *conn, now int64) {
	source := l.route(c)
	c.since = now
	l.move(c, stateConnecting)
	l.net.connect(c, source)
}

// route chooses the target of a new connection, and its source: each target in
// turn, and then the next source, so that all pairs come about.
func (l *loop) route(c *conn) (source netip.Addr) {
	turn, targets := l.turns, len(l.run.plan.targets)
	l.turns++
	c.to = int32(turn % targets)
	if n := len(l.sources); n > 0 {
		source = l.sources[turn/targets%n]
	}
	return source
}

// target is where the connection of c goes.
func (l *loop) target(c *conn) endpoint { return l.run.plan.targets[c.to] }

// refused ends an attempt to connect. The request that needed it fails with
// the cause; there is no other try for it, so a target that refuses is tried
// at the rate of the schedule and no faster.
func (l *loop) refused(c *conn, call string, e syscall.Errno, now int64) {
	l.run.noteOwnLimit(e)
	l.noteConnect(c, e.Error())
	if c.busy {
		l.fail(c, l.errnoCause(call, e), now)
		return
	}
	l.shut(c, stateCold)
}

func (l *loop) connected(c *conn, now int64) {
	record(l.connects, now-c.since)
	c.established = true
	l.opened++
	l.open++
	l.peak = max(l.peak, l.open)
	if !c.busy {
		c.since = now
		l.move(c, stateIdle)
		return
	}
	c.state = stateExchanging // same list
	l.exchange(c, now)
}

// dialFailed is refused of an attempt by package net, and of a TLS handshake.
func (l *loop) dialFailed(c *conn, err error, now int64) {
	var e syscall.Errno
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && errors.As(err, &e) {
		l.refused(c, "connect: ", common(e), now)
		return
	}
	cause, why := causeTLS, err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		why = "" // by this loop
	case errors.Is(err, context.DeadlineExceeded):
		cause, why = causeConnTimeout, "no TLS handshake within "+l.run.plan.Timeout.String()
	case errors.Is(err, io.EOF):
		why = "the server closed the connection during the TLS handshake"
	case errors.As(err, &e):
		why = e.Error() + " during the TLS handshake"
	}
	if why != "" {
		l.noteConnect(c, why)
	}
	if c.busy {
		l.fail(c, cause, now)
		return
	}
	l.shut(c, stateCold)
}
