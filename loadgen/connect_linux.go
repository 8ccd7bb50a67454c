package loadgen

import "golang.org/x/sys/unix"

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
