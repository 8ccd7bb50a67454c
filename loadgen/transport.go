package loadgen

import (
	"net/netip"
	"syscall"
)

// transport is how a loop reaches its connections: sockets and an epoll
// instance of its own, or package net. The loop's goroutine calls all of it.
type transport interface {
	begin() error // before anything else
	end()         // after all connections are closed

	// wait waits at most ns nanoseconds for events and returns how many came, at
	// most batch. handle acts on the i-th of them. turn does both until t, and
	// may come back earlier.
	wait(ns int64) int
	handle(i int)
	turn(t int64)
	// behind tells that answers may have come which no wait has told.
	behind() bool

	connect(c *conn, source netip.Addr) // calls connected or refused, now or later
	send(c *conn)                       // the request of c
	sent(c *conn) bool                  // all of it is on its way
	partly(c *conn) bool                // some of it is, and some is not
	close(c *conn)                      // also one that is being opened; there may be none

	// receive reads into the loop's buffer, without waiting: EAGAIN says that
	// nothing is there, 0 bytes without an error that the server has ended the
	// connection.
	receive(c *conn) (int, syscall.Errno)
	empties(c *conn) bool   // a receive that leaves room in the buffer leaves nothing behind
	tellAgain(c *conn) bool // later, that there is more to receive; false: it cannot
	peeks(c *conn) bool     // receive may tell more of an idle connection than events have
	arrival(c *conn) int64  // of what was received last
	untaken(c *conn) bool   // the server has ended c, and is known not to have read its request
	alert(c *conn) string   // why TLS ended c, after an EPROTO; "" where it did not
	cpu() (user, sys int64) // used so far, in nanoseconds
}

// batch is the most events that a wait tells.
const batch = 128

// engine is a kind of transport, and what goes with it.
type engine struct {
	name      string // of Record.Engine
	transport func(*loop) transport
	check     func(*plan) error                // what it cannot do, before the load
	threads   func(loops int) (release func()) // makes room for its loops
}
