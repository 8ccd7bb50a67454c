package loadgen

import (
	"context"

	"golang.org/x/sys/unix"
)

// conn is a slot for one persistent connection, and the request on it.
type conn struct {
	fd    int32  // -1: none
	gen   uint32 // of the descriptor: an event for an earlier one is stale
	state connState
	self  int32 // own index
	prev  int32 // neighbours in the list of the state
	next  int32

	busy    bool  // a request is on it (a connection being opened ahead of need has none)
	got     bool  // some byte of the response came
	again   bool  // the request is sent for the second time
	wantOut bool  // EPOLLOUT is armed: the request did not fit the socket buffer
	uses    int32 // requests begun on this connection, this one included
	wrote   int32 // bytes of the request written

	wire     *wire // the request
	to       int32 // which of the targets
	since    int64 // attempt began; the active list is in this order. Of an idle one: its last response
	answered int64 // the response before was complete
	intended int64
	stray    int64 // bytes that may come first, of a body that the response before must not have; -1: not known how many
	service  int64 // the request's first write; 0: not yet connected
	reply    reply

	secure *secure            // TLS: nil for plain HTTP
	cancel context.CancelFunc // TLS: ends the dial under way
}

// connState is also the list a conn is in, with connecting and exchanging
// sharing the active one.
type connState uint8

const (
	stateCold       connState = iota // not connected
	stateIdle                        // connected, no request
	statePaused                      // closed mode: not connected until a back-off ends
	stateExchanging                  // a request is being sent or answered
	stateConnecting
	stateLists = stateExchanging + 1
)

func (s connState) list() connState { return min(s, stateExchanging) }

// list is a queue of conns, linked through their indices.
type list struct{ first, last int32 }

func (l *loop) move(c *conn, to connState) {
	l.unlink(c)
	l.link(c, to)
}

func (l *loop) link(c *conn, to connState) {
	q := &l.lists[to.list()]
	c.state, c.prev, c.next = to, q.last, -1
	if q.last >= 0 {
		l.conns[q.last].next = c.self
	} else {
		q.first = c.self
	}
	q.last = c.self
}

func (l *loop) unlink(c *conn) {
	q := &l.lists[c.state.list()]
	if c.prev >= 0 {
		l.conns[c.prev].next = c.next
	} else {
		q.first = c.next
	}
	if c.next >= 0 {
		l.conns[c.next].prev = c.prev
	} else {
		q.last = c.prev
	}
}

// firstOf returns the longest in a state's list, or nil.
func (l *loop) firstOf(s connState) *conn {
	if i := l.lists[s].first; i >= 0 {
		return &l.conns[i]
	}
	return nil
}

// connect begins to open a connection for c.
func (l *loop) connect(c *conn, now int64) {
	if l.dialer != nil {
		l.dial(c, now)
		return
	}
	target, source := l.route(c)
	fd, e := openSocket(target.family, source)
	if e != 0 {
		l.refused(c, "socket: ", e, now)
		return
	}
	if l.stamps.asked {
		setOption(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS) // refused: no stamps come, and the loop takes no naps
	}
	if e = connect(fd, target); e != 0 && e != unix.EINPROGRESS {
		closeFD(fd)
		l.refused(c, "connect: ", e, now)
		return
	}
	c.gen++
	if e = l.poll.ctl(unix.EPOLL_CTL_ADD, fd, edges, c.self, c.gen); e != 0 {
		closeFD(fd)
		l.refused(c, "socket: ", e, now)
		return
	}
	c.fd, c.since = fd, now
	l.urgent++
	l.move(c, stateConnecting)
}

// route chooses the target of a new connection, and its source: each target in
// turn, and then the next source, so that all pairs come about.
func (l *loop) route(c *conn) (target, source *rawAddr) {
	turn, targets := l.turns, len(l.targets)
	l.turns++
	c.to = int32(turn % targets)
	if n := len(l.sources); n > 0 {
		source = &l.sources[turn/targets%n]
	}
	return &l.targets[c.to], source
}

// refused ends an attempt to connect. The request that needed it fails with
// the cause; there is no other try for it, so a target that refuses is tried
// at the rate of the schedule and no faster.
func (l *loop) refused(c *conn, call string, e unix.Errno, now int64) {
	l.noteOwnLimit(e)
	l.noteConnect(c, e.Error())
	if c.busy {
		l.fail(c, l.errnoCause(call, e), now)
		return
	}
	l.shut(c, stateCold)
}

func (l *loop) connected(c *conn, now int64) {
	if c.secure == nil {
		l.urgent--
	}
	record(l.connects, now-c.since)
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

// exchange sends the request of c on its established connection.
func (l *loop) exchange(c *conn, now int64) {
	c.uses++
	c.service, c.wrote, c.got = now, 0, false
	if c.stray = 0; c.uses > 1 && c.reply.bare {
		c.stray = c.reply.left
	}
	c.reply.reset()
	if c.secure != nil {
		if err := l.encrypt(c); err != nil {
			l.broken(c, unix.EPIPE, now)
			return
		}
	}
	l.write(c)
}

func (l *loop) write(c *conn) {
	out := l.outgoing(c)
	for {
		n, e := send(c.fd, out[c.wrote:])
		switch e {
		case 0:
			c.wrote += int32(n)
			l.bytesOut += int64(n)
		case unix.EINTR:
			continue
		case unix.EAGAIN:
		default:
			// The peer is gone, but may have answered before it left, as a
			// server does that refuses a body.
			l.read(c, true)
			if c.state == stateExchanging {
				l.broken(c, e, l.now())
			}
			return
		}
		break
	}
	if want := int(c.wrote) < len(out); want != c.wantOut {
		c.wantOut = want
		events := uint32(unix.EPOLLIN)
		if want {
			l.urgent++
			events |= unix.EPOLLOUT
		} else {
			l.urgent--
		}
		if c.secure != nil { // others are told of every change
			l.poll.ctl(unix.EPOLL_CTL_MOD, c.fd, events, c.self, c.gen)
		}
	}
}

// handle acts on an event.
func (l *loop) handle(ev *unix.EpollEvent) {
	if ev.Fd < 0 {
		l.readMail()
		return
	}
	c := &l.conns[ev.Fd]
	if c.gen != uint32(ev.Pad) || c.fd < 0 {
		return
	}
	switch c.state {
	case stateConnecting:
		now := l.now()
		if e := socketError(c.fd); e != 0 {
			l.refused(c, "connect: ", e, now)
		} else if ev.Events&unix.EPOLLOUT != 0 {
			l.connected(c, now)
			if c.gen == uint32(ev.Pad) && c.fd >= 0 {
				l.arrived(c, ev.Events) // a server may speak, or leave, before it is asked
			}
		}
	case stateIdle:
		l.arrived(c, ev.Events)
	case stateExchanging:
		// Reading comes first: an answer that is already there ends the
		// exchange, however much of the request is still unsent.
		l.arrived(c, ev.Events)
		if c.state == stateExchanging && c.gen == uint32(ev.Pad) && c.wantOut && ev.Events&unix.EPOLLOUT != 0 {
			l.write(c)
		}
	}
}

// arrived reads what an event tells has come on an established connection.
func (l *loop) arrived(c *conn, events uint32) {
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	switch c.state {
	case stateIdle:
		l.checkIdle(c)
	case stateExchanging:
		l.read(c, events&unix.EPOLLRDHUP != 0)
	}
}

// checkIdle closes a connection that its server has closed between requests:
// the server's right, and no failure. Bytes nobody asked for end it too.
func (l *loop) checkIdle(c *conn) {
	if n, e := l.receive(c); n > 0 && e == 0 {
		l.unasked++
		l.bodied = l.bodied || c.uses > 0 && c.reply.bare
	} else if e == unix.EAGAIN || e == unix.EINTR {
		return
	} else {
		l.closedIdle++
		l.left(c, c.uses, l.at)
	}
	l.shut(c, stateCold)
}

// edges are the events of a plain connection, for its whole life. They are told
// once each, when something changes, not for as long as it is so: otherwise the
// kernel asks every socket it has just reported again at the next wait, a tenth
// of a microsecond per request. In return whoever gets one must use it up.
const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// maxReads bounds what one connection is read at a time: a huge response from
// a fast server must not make the requests of others late. What is left makes
// another event. (crypto/tls may hold the rest where no event tells of it, so
// TLS is read to the end.)
const maxReads = 8

// read takes what has arrived for an exchange, all of it if the server has
// ended the connection.
func (l *loop) read(c *conn, ended bool) {
	for reads := 0; ; reads++ {
		if reads == maxReads && c.secure == nil {
			l.poll.ctl(unix.EPOLL_CTL_MOD, c.fd, edges, c.self, c.gen) // tell again
			return
		}
		n, e := l.receive(c)
		switch {
		case e == unix.EINTR:
			continue
		case e == unix.EAGAIN:
			return
		case e != 0:
			l.broken(c, e, l.now())
			return
		case n == 0:
			now := l.now() // the kernel stamps data, not its end
			l.stamps.blind = true
			if cause := c.reply.eof(c.got); cause != causeNone {
				l.lost(c, cause, now)
				return
			}
			l.finish(c, now)
			return
		}
		l.bytesIn += int64(n)
		l.parser.toHEAD = c.wire.toHEAD
		b := l.buf[:n]
		if c.stray > 0 && !c.got && !couldBeHTTP(b) {
			if b = l.skipStray(c, b); len(b) == 0 {
				continue
			}
		}
		used, bad := c.reply.feed(&l.parser, b)
		if bad != "" {
			l.malformed(c, bad, b)
			return
		}
		c.got = true
		if c.reply.stage == complete {
			if used < len(b) && !c.reply.bare {
				l.fail(c, causeExcess, l.arrival(c))
				return
			}
			if used < len(b) { // see bodied
				l.unasked++
				l.bodied = true
			}
			l.finish(c, l.arrival(c))
			if (ended || n == len(l.buf)) && c.state == stateIdle {
				l.checkIdle(c) // the end, or more than the buffer took, came with it, and will not be told again
			}
			return
		}
		l.more = true
		if n < len(l.buf) && c.secure == nil && !ended { // a short read: the socket is empty, do not ask again
			return
		}
	}
}

// skipStray takes the body off b that the response before must not have, which
// came after the next request was sent. It is as long as its header announced.
func (l *loop) skipStray(c *conn, b []byte) []byte {
	l.bodied = true
	l.unasked++
	n := min(c.stray, int64(len(b)))
	c.stray -= n
	return b[n:]
}

// broken ends an exchange whose connection failed with an errno.
func (l *loop) broken(c *conn, e unix.Errno, now int64) {
	switch {
	case e == unix.ECONNRESET && l.targets[c.to].family != unix.AF_UNIX:
		l.lost(c, causeReset, now)
	case e == unix.ECONNRESET || e == unix.EPIPE:
		cause := causeReset
		if !c.got && c.uses > 1 && (c.wrote == 0 || int(c.wrote) == len(l.outgoing(c))) {
			cause = causeStaleReuse
		}
		l.lost(c, cause, now)
	default:
		l.fail(c, l.errnoCause("", e), now)
	}
}

func (l *loop) malformed(c *conn, why string, b []byte) {
	cause := causeBadResponse
	switch {
	case why == tooLarge:
		cause = causeHeaderSize
	case why == notHTTP && c.stray < 0 && !c.got: // the body that the response before should not have had
		cause, l.bodied = causeExcess, true
	default:
		why = named(why, b)
	}
	l.noteBad(why, b)
	l.fail(c, cause, l.now())
}

// finish ends an exchange with a complete response.
func (l *loop) finish(c *conn, now int64) {
	l.status[c.reply.status]++
	l.interim += int64(c.reply.inter)
	l.ended(c, c.reply.cause, now)
	c.busy, c.since, c.answered = false, now, now
	if c.reply.close || l.bodied && c.reply.bare || int(c.wrote) < len(l.outgoing(c)) || l.closeAfter > 0 && c.uses >= l.closeAfter {
		l.shut(c, stateCold)
		return
	}
	l.move(c, stateIdle)
}

// fail ends a request without a usable response, and its connection.
func (l *loop) fail(c *conn, cause causeID, now int64) {
	l.ended(c, cause, now)
	to := stateCold
	if l.closed && !c.got && c.uses <= 1 {
		// Nothing but the response paces a closed loop. One that is refused
		// would spin on connect.
		to, c.since = statePaused, now
	}
	c.busy = false
	l.shut(c, to)
}

// shut closes the connection of c, if there is one.
func (l *loop) shut(c *conn, to connState) {
	if c.fd >= 0 {
		if c.state != stateConnecting {
			l.open--
		}
		if c.state == stateConnecting || c.wantOut {
			l.urgent--
		}
		if c.secure != nil {
			_ = c.secure.Close()
			c.secure = nil
		} else {
			closeFD(c.fd)
		}
	}
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
	if t := c.reply.tail; t != nil {
		l.parser.tail = append(l.parser.tail, t[:0])
		c.reply.tail = nil
	}
	c.fd, c.uses, c.wantOut, c.busy = -1, 0, false, false
	l.move(c, to)
}
