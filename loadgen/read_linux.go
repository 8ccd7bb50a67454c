package loadgen

import "golang.org/x/sys/unix"

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
