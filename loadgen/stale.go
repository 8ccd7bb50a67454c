package loadgen

import "time"

// A server may close a kept-alive connection at any moment, so a request can
// meet a connection that is already gone. Whose fault a failure then is depends
// on whether the server had the request. What a client can know of that:
//
//   - The server's end (FIN) acknowledges all of the request: the server took it
//     and left without a reply. That is CauseEmptyReply, as on a new connection.
//   - It leaves some of the request unacknowledged, or the server's kernel
//     answered the request by a reset after the end: the server had closed before
//     the request came. That is CauseStaleReuse; so is a request that could not
//     be sent at all.
//   - A reset and no end before it: the server closed with bytes unread, which
//     may be the request, or aborted after it had read them. Nothing on this side
//     tells these apart: CauseReset. On a Unix-domain socket the kernel resets for
//     unread bytes alone, so there it is CauseStaleReuse.

// lost ends an exchange whose connection the server ended before the response
// was complete.
func (l *loop) lost(c *conn, cause causeID, now int64) {
	if c.got || c.uses < 2 {
		l.fail(c, cause, now)
		return
	}
	l.reuseEnded++
	l.left(c, c.uses-1, now)
	switch {
	case l.run.plan.RetryStale && c.wire.again && !c.again:
		l.retry(c, now)
		return
	case cause == causeEmptyReply && l.net.untaken(c):
		cause = causeStaleReuse
	}
	l.fail(c, cause, now)
}

// retry sends the request of c once more, on a connection of its own.
func (l *loop) retry(c *conn, now int64) {
	l.retried++
	l.shut(c, stateCold)
	c.busy, c.again, c.got, c.since, c.service = true, true, false, now, 0
	l.connect(c, now)
}

// atOnce is how soon after a response a server closes that closes because of
// it, and not because the connection was idle for long.
const atOnce = int64(20 * time.Millisecond)

// closings are the ends of connections by the server, soon after a response
// that did not announce it, and how many responses they had borne.
type closings struct{ n, least, most int64 }

func (s *closings) add(o closings) {
	if o.n == 0 {
		return
	}
	if s.n == 0 {
		s.least = o.least
	}
	s.n, s.least, s.most = s.n+o.n, min(s.least, o.least), max(s.most, o.most)
}

// always is the number of responses after which the server closes, if it does so
// with most of the connections opened and always after as many; else 0.
func (s *closings) always(opened int64) int64 {
	if s.n < 3 || s.least != s.most || 2*s.n < opened {
		return 0
	}
	return s.least
}

// left notes that the server ended c unannounced, after so many responses.
func (l *loop) left(c *conn, responses int32, now int64) {
	if n := int64(responses); n > 0 && now-c.answered <= atOnce {
		l.closings.add(closings{1, n, n})
	}
}
