package loadgen

import "syscall"

// checkIdle closes a connection that its server has closed between requests:
// the server's right, and no failure. Bytes nobody asked for end it too.
func (l *loop) checkIdle(c *conn) {
	if n, e := l.net.receive(c); n > 0 && e == 0 {
		l.unasked++
		l.bodied = l.bodied || c.uses > 0 && c.reply.bare
	} else if e == syscall.EAGAIN || e == syscall.EINTR {
		return
	} else {
		l.closedIdle++
		l.left(c, c.uses, l.at)
	}
	l.shut(c, stateCold)
}

// maxReads bounds what one connection is read at a time: a huge response from
// a fast server must not make the requests of others late. What is left makes
// another event.
const maxReads = 8

// read takes what has arrived for an exchange, all of it if the server has
// ended the connection.
func (l *loop) read(c *conn, ended bool) {
	for reads := 0; ; reads++ {
		if reads == maxReads && l.net.tellAgain(c) {
			return
		}
		n, e := l.net.receive(c)
		switch {
		case e == syscall.EINTR:
			continue
		case e == syscall.EAGAIN:
			return
		case e != 0:
			l.broken(c, e, l.now())
			return
		case n == 0:
			now := l.now() // the kernel stamps data, not its end
			l.blind = true
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
				l.fail(c, causeExcess, l.net.arrival(c))
				return
			}
			if used < len(b) { // see bodied
				l.unasked++
				l.bodied = true
			}
			l.finish(c, l.net.arrival(c))
			if (ended || n == len(l.buf)) && c.state == stateIdle {
				l.checkIdle(c) // the end, or more than the buffer took, came with it, and will not be told again
			}
			return
		}
		l.more = true
		if n < len(l.buf) && l.net.empties(c) && !ended { // a short read: there is no more, do not ask again
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
func (l *loop) broken(c *conn, e syscall.Errno, now int64) {
	switch {
	case e == syscall.ECONNRESET && l.target(c).path == "":
		l.lost(c, causeReset, now)
	case e == syscall.ECONNRESET || e == syscall.EPIPE:
		cause := causeReset
		if !c.got && c.uses > 1 && !l.net.partly(c) {
			cause = causeStaleReuse
		}
		l.lost(c, cause, now)
	case e == syscall.EPROTO && l.net.alert(c) != "":
		l.noteConnect(c, l.net.alert(c))
		cause := l.errnoCause("", e)
		if !c.got && c.uses <= 1 { // TLS 1.3 refuses a client after its side of the handshake
			cause = causeTLS
		}
		l.fail(c, cause, now)
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
