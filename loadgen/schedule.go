package loadgen

import "time"

// prepare opens the connections ahead of the start, a few at a time, and then
// waits for t = 0. It returns false if the run was ended before.
func (l *loop) prepare() bool {
	toOpen := len(l.conns)
	if l.closeAfter > 0 {
		toOpen = 0 // opened on demand
	}
	reported, reopened := false, false
	for {
		now := l.now()
		start := l.run.start.Load()
		if l.run.limit.Load() <= now {
			if !reported {
				l.run.ready()
			}
			return false
		}
		if start != 0 && now >= start-int64(time.Millisecond) {
			l.setOrigin(start)
			if !reported {
				l.run.ready()
			}
			return true
		}
		l.expire(now)
		if reported && !reopened && start != 0 && now >= start-reopen {
			// A server may have closed what it was left idle. Once: it may
			// also refuse.
			reopened = true
			if l.closeAfter == 0 {
				toOpen = l.cold()
			}
		}
		for toOpen > 0 && l.connecting() < opening {
			toOpen--
			l.connect(l.firstOf(stateCold), now)
		}
		if !reported && toOpen == 0 && l.lists[stateExchanging].first < 0 {
			reported = true
			l.run.ready()
			continue
		}
		wait := int64(time.Millisecond)
		if start != 0 {
			wait = min(wait, start-now)
		}
		for i := range l.net.wait(wait) {
			l.net.handle(i)
		}
	}
}

// cold counts the connections that are not open.
func (l *loop) cold() (n int) {
	for i := l.lists[stateCold].first; i >= 0; i = l.conns[i].next {
		n++
	}
	return n
}

// connecting counts the connects in flight; before the start nothing else is
// active.
func (l *loop) connecting() (n int) {
	for i := l.lists[stateExchanging].first; i >= 0 && n < opening; i = l.conns[i].next {
		n++
	}
	return n
}

// setOrigin fixes t = 0.
func (l *loop) setOrigin(start int64) {
	p := l.run.plan
	l.start, l.fullEnd = start, Never
	if p.Duration > 0 {
		l.fullEnd = start + int64(p.Duration)
	}
	l.nextShot = start + int64(p.Every)
	l.head.due, l.tail.due = Never, Never
	if !l.closed {
		l.head = newCursor(p.Profile, l.id, p.Loops, start)
		l.tail = newCursor(p.Profile, l.id, p.Loops, start)
	}
}

// free returns a connection for a request: the longest idle, so that all stay
// warm, else one to be opened; nil if all are in use.
func (l *loop) free() *conn {
	if c := l.firstOf(stateIdle); c != nil {
		return c
	}
	return l.firstOf(stateCold)
}

// gate is when a request due at t may go: at t, but in Relaxed mode on the
// next whole millisecond.
func (l *loop) gate(t int64) int64 {
	if l.mode == Relaxed {
		return l.start + (t-l.start+tick-1)/tick*tick
	}
	return t
}

// dispatch sends what is due, at most budget requests.
func (l *loop) dispatch(now, end int64, budget int) int64 {
	if l.closed {
		return l.dispatchClosed(now, end)
	}
	if l.starved { // what fell due since then has been waiting for a connection
		l.account(now, end)
		l.queuedTo = l.n.Scheduled
	}
	looked := !l.net.behind()
	for l.head.due < end && l.gate(l.head.due) <= now {
		if now-l.head.due > l.timeout {
			l.drop()
			continue
		}
		c := l.free()
		if c == nil && !looked && !l.acting {
			// One may be free already, its answer come and not been read.
			looked = true
			l.collect()
			now = l.now()
			continue
		}
		if c == nil {
			if !l.starved {
				// What fell due before the last connection was taken found one
				// free: it waits because this loop was late to look.
				l.account(l.fullSince, end)
				l.queuedFrom, l.starved = l.n.Scheduled, true
			}
			l.account(now, end)
			l.queuedTo = l.n.Scheduled
			return now
		}
		if budget--; budget < 0 {
			return now
		}
		wait := now - l.head.due
		if l.headQueued() {
			l.n.Queued++
		} else {
			record(l.lateness, wait)
			if wait > lateAfter {
				l.n.Late++
			}
		}
		c.intended, c.wire = l.head.due, l.wireOf(l.head.next)
		l.counted = max(l.counted, c.intended)
		l.head.advance()
		l.assign(c, now)
		if l.free() == nil {
			l.fullSince = now
		}
		now = l.now()
	}
	l.starved = false
	return now
}

// headQueued tells whether the next request fell due while no connection was
// free.
func (l *loop) headQueued() bool {
	n := l.n.Sent + l.n.Dropped
	return l.queuedFrom <= n && n < l.queuedTo
}

func (l *loop) dispatchClosed(now, end int64) int64 {
	if now < l.start {
		return now
	}
	for first := true; now < end && l.n.Scheduled < l.quota; first = false {
		if !first {
			now = l.now() // sending takes its time, which is nobody's latency
		}
		c := l.free()
		if c == nil {
			return now
		}
		c.intended, c.wire = now, l.wireOf(l.n.Scheduled*int64(l.run.plan.Loops)+int64(l.id))
		l.n.Scheduled++
		l.assign(c, now)
	}
	return now
}

// wireOf is the n-th request of the schedule.
func (l *loop) wireOf(n int64) *wire {
	if len(l.wires) == 1 { // saves a division
		return &l.wires[0]
	}
	return &l.wires[l.pattern[n%int64(len(l.pattern))]]
}

// assign hands a request to a free connection.
func (l *loop) assign(c *conn, now int64) {
	l.n.Sent++
	if c.established && now-c.since >= staleAfter && l.net.peeks(c) {
		l.checkIdle(c)
	}
	c.busy, c.again, c.got, c.since, c.service = true, false, false, now, 0
	if !c.established {
		l.connect(c, now)
		return
	}
	l.move(c, stateExchanging)
	l.exchange(c, now)
}

// drop gives up the request at the head of the schedule.
func (l *loop) drop() {
	if l.headQueued() {
		l.n.Queued++
	} else {
		l.n.Late++ // a connection was free, and the loop was not there to use it
	}
	l.n.Dropped++
	l.counted = max(l.counted, l.head.due)
	l.head.advance()
}

// account counts what has fallen due.
func (l *loop) account(now, end int64) {
	for l.tail.due <= now && l.tail.due < end {
		l.counted = max(l.counted, l.tail.due)
		l.n.Scheduled++
		l.tail.advance()
	}
}

// expire ends what has taken longer than the timeout. The active list is in
// the order of its beginnings, so only its front is looked at. What has arrived
// is read first: an answer did not take longer because this thread slept.
func (l *loop) expire(now int64) {
	if c := l.firstOf(stateExchanging); c != nil && now-c.since >= l.timeout {
		l.collect()
	}
	for c := l.firstOf(stateExchanging); c != nil && now-c.since >= l.timeout; c = l.firstOf(stateExchanging) {
		if c.state == stateConnecting {
			l.noteConnect(c, "not connected within "+l.run.plan.Timeout.String())
		}
		switch {
		case !c.busy:
			l.shut(c, stateCold)
		case c.state == stateConnecting:
			l.fail(c, causeConnTimeout, now)
		default:
			l.fail(c, causeTimeout, now)
		}
	}
	for c := l.firstOf(statePaused); c != nil && now-c.since >= pause; c = l.firstOf(statePaused) {
		l.move(c, stateCold)
	}
}

// horizon is the next moment the loop must act even if no event comes.
func (l *loop) horizon(now, end int64) int64 {
	t := min(now+maxWait, l.nextShot)
	if c := l.firstOf(stateExchanging); c != nil {
		t = min(t, c.since+l.timeout)
	}
	if c := l.firstOf(statePaused); c != nil {
		t = min(t, c.since+pause)
	}
	if l.closed && now < l.start { // no due time says so
		t = min(t, l.start)
	}
	switch {
	case end > now:
		t = min(t, end)
	default:
		t = min(t, end+l.timeout)
	}
	if due := l.head.due; due < end {
		if l.free() == nil {
			due += l.timeout
		} else if due = l.gate(due); l.mode == Spin {
			due -= spinWindow
		}
		t = min(t, due)
	}
	return t
}

func (l *loop) inFlight() int64 { return l.n.Sent - l.n.OK - l.n.Failed }

// over tells whether the schedule has ended and the drain too.
func (l *loop) over(now, end int64) bool {
	// A schedule of some length lasts that long, also where nothing is due at
	// its end; one of so many requests ends with the last, and so does a
	// profile that has no length of its own (end is Never).
	ended := l.head.due >= end && (now >= end || end == Never || l.run.plan.Requests > 0)
	if l.closed {
		ended = now >= end || l.n.Scheduled >= l.quota
	}
	return ended && l.inFlight() == 0 || now >= end && now-end >= l.timeout // end may be Never or 0
}

// settle closes the books: what still waits will not be sent.
func (l *loop) settle(now, end int64) {
	l.doneNs = now
	l.account(now, end)
	for l.head.due < end {
		l.drop()
	}
}
