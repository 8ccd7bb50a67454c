package loadgen

// conn is a slot for one persistent connection, and the request on it.
type conn struct {
	epollConn         // of the epoll engine
	stream    *stream // of the portable engine; nil: none
	state     connState
	self      int32 // own index
	prev      int32 // neighbours in the list of the state
	next      int32

	established bool
	busy        bool  // a request is on it (a connection being opened ahead of need has none)
	got         bool  // some byte of the response came
	again       bool  // the request is sent for the second time
	uses        int32 // requests begun on this connection, this one included

	wire     *wire // the request
	to       int32 // which of the targets
	since    int64 // attempt began; the active list is in this order. Of an idle one: its last response
	answered int64 // the response before was complete
	intended int64
	// Bytes that may come first, of a body that the response before must not have; -1:
	// not known how many.
	stray   int64
	service int64 // the request's first write; 0: not yet connected
	reply   reply
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

// exchange sends the request of c on its established connection.
func (l *loop) exchange(c *conn, now int64) {
	c.uses++
	c.service, c.got = now, false
	if c.stray = 0; c.uses > 1 && c.reply.bare {
		c.stray = c.reply.left
	}
	c.reply.reset()
	l.net.send(c)
}

// finish ends an exchange with a complete response.
func (l *loop) finish(c *conn, now int64) {
	l.status[c.reply.status]++
	l.interim += int64(c.reply.inter)
	l.ended(c, c.reply.cause, now)
	c.busy, c.since, c.answered = false, now, now
	if c.reply.close || l.bodied && c.reply.bare || !l.net.sent(c) ||
		l.closeAfter > 0 && c.uses >= l.closeAfter {
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

// shut closes the connection of c, if there is one, or ends the attempt to open it.
func (l *loop) shut(c *conn, to connState) {
	if c.established {
		l.open--
	}
	l.net.close(c)
	if t := c.reply.tail; t != nil {
		l.parser.tail = append(l.parser.tail, t[:0])
		c.reply.tail = nil
	}
	c.established, c.uses, c.busy = false, 0, false
	l.move(c, to)
}
