package loadgen

import (
	"syscall"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// shards is how many intervals the collector may lag before one grows longer.
const shards = 3

// shard is what a loop hands to the collector each interval: its totals so
// far, its levels, and the latencies of this interval alone.
type shard struct {
	loop    int // whose it is
	monoNs  int64
	n       Counts
	causes  [maxCauses]int64
	waiting int64
	open    int64
	latency [2]*hdrhistogram.Histogram // of ok and of failed requests
}

func newShard(loop int) *shard {
	return &shard{loop: loop, latency: [2]*hdrhistogram.Histogram{newHistogram(), newHistogram()}}
}

// publish hands the shard over, unless the collector has none to give back:
// then this interval becomes part of the next. The last one is never held back.
func (l *loop) publish(now int64, last bool) {
	if l.nextShot != 0 {
		for every := int64(l.run.plan.Every); l.nextShot <= now; {
			l.nextShot += every
		}
		l.account(now, l.end())
	}
	var next *shard
	if !last {
		select {
		case next = <-l.spare:
		default:
			return
		}
	}
	s := l.shard
	s.monoNs, s.n, s.causes, s.open = now, l.n, l.causes, l.open
	s.waiting = l.n.Scheduled - l.n.Sent - l.n.Dropped
	l.out <- s // never blocks: there are no more shards than the channel holds
	l.shard = next
}

// ended counts a request that ended.
func (l *loop) ended(c *conn, cause causeID, now int64) {
	record(l.shard.latency[boolIndex(cause != causeNone)], now-c.intended)
	if c.service != 0 {
		record(l.service, now-c.service)
	}
	inTime := now <= l.end()
	if inTime {
		l.endedInTime++
	}
	if cause == causeNone {
		l.n.OK++
		if inTime {
			l.okInTime++
		}
		if l.run.plan.Loops > 1 {
			l.okSeen.Store(l.n.OK)
		}
		return
	}
	l.n.Failed++
	l.causes[cause]++
	if !l.seen[cause] {
		l.seen[cause] = true
		l.okSeen.Store(l.n.OK)
		l.run.noteFirst(cause, now)
	}
	for i := range l.run.stops {
		l.run.stops[i].hit(l.run, cause, now)
	}
}

type namedCause struct {
	name string
	call string
	e    syscall.Errno
	id   causeID
}

// classify names the cause of a response, for the parser.
func (l *loop) classify(status int, class []byte) causeID {
	if f := l.run.plan.Classify; f != nil && status != 101 {
		if name := f(status, class); name != "" {
			return l.causeNamed(name)
		}
	}
	return statusCause(status)
}

func (l *loop) causeNamed(name string) causeID {
	for i := range l.names {
		if n := &l.names[i]; n.e == 0 && n.name == name {
			return n.id
		}
	}
	id := l.run.causes.id(name)
	l.names = append(l.names, namedCause{name: name, id: id})
	return id
}

// errnoCause names the cause of a failed call.
func (l *loop) errnoCause(call string, e syscall.Errno) causeID {
	for i := range l.names {
		if n := &l.names[i]; n.e == e && n.call == call {
			return n.id
		}
	}
	id := l.run.causes.id(call + errnoName(e))
	l.names = append(l.names, namedCause{call: call, e: e, id: id})
	return id
}

// noteBad keeps the first response that was not HTTP.
func (l *loop) noteBad(why string, b []byte) { l.run.noteBad(why, b) }

// noteConnect keeps why the first connection did not come about.
func (l *loop) noteConnect(c *conn, why string) {
	if !l.connectTold {
		l.connectTold = true
		l.run.noteConnect(l.run.plan.targets[c.to].String() + ": " + why)
	}
}
