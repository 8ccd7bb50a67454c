package loadgen

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// maxWait bounds a raw wait, and with it how long a stop of the world or
	// an early end of the schedule may go unnoticed.
	maxWait = int64(10 * time.Millisecond)
	// spinWindow hides the wake from idle (30 to 40 µs on a virtual machine)
	// without burning a whole core below 10,000/s.
	spinWindow = int64(50 * time.Microsecond)
	tick       = int64(time.Millisecond) // of Relaxed
	lateAfter  = int64(10 * time.Millisecond)
	pause      = int64(100 * time.Millisecond) // of a refused slot in closed mode
	// burst is how many overdue requests are sent before replies get a turn,
	// so that they do not age while the loop catches up.
	burst = 16
	// reopen is how long before a start far ahead connections that were closed
	// meanwhile are opened again.
	reopen = int64(500 * time.Millisecond)
	// staleAfter is how long a connection may be idle before its next request
	// looks first whether the server has closed it: one call more at rates low
	// enough to afford it.
	staleAfter = int64(100 * time.Millisecond)
	// opening bounds the connects in flight before the start: a listen queue
	// is often 128 long.
	opening = 64
)

// loop is one event loop. Everything in it belongs to one goroutine, but for
// okSeen and the channels.
type loop struct {
	run     *run
	id      int
	net     transport
	clock   clock
	at      int64  // last reading of the clock
	buf     []byte // receives for all connections: a response is read at once or not kept
	more    bool   // a response is half read
	blind   bool   // some response ended with its connection, of which nobody tells the time
	acting  bool   // events are being handled
	wires   []wire
	pattern []uint32
	sources []netip.Addr
	parser  parser

	closed     bool
	quota      int64 // requests of a closed loop
	mode       Mode
	timeout    int64
	closeAfter int32

	conns []conn
	lists [stateLists]list

	start      int64 // t = 0
	fullEnd    int64 // of the schedule, if nothing ends it early
	counted    int64 // latest due time counted as scheduled, sent or dropped
	head       cursor
	tail       cursor
	starved    bool  // a due request found no free connection, and others wait behind it
	fullSince  int64 // when the last free connection was taken
	queuedFrom int64 // ordinals of the requests that fell due while none was free
	queuedTo   int64
	nextShot   int64

	n       Counts // totals of this loop
	causes  [maxCauses]int64
	seen    [maxCauses]bool // causes whose first occurrence is noted
	names   []namedCause    // cache of the cause table
	status  [1000]int64
	open    int64
	peak    int64
	opened  int64
	interim int64
	unasked int64
	okSeen  atomic.Int64 // n.OK for other loops; kept only if there are any

	closedIdle, bytesIn, bytesOut int64
	okInTime, endedInTime         int64 // before the schedule ended
	reuseEnded, retried           int64
	closings                      closings
	turns                         int  // connections begun: whose turn it is of the targets and sources
	connectTold                   bool // why a connection did not come about
	// bodied: a response that must have none (to HEAD, 204, 304) was followed by
	// a body. Whether that comes with the header, after it, or after the next
	// request is chance, so the response counts as what its header says, as
	// everywhere in HTTP. From then on connections are not used again after such
	// responses, as the body could be taken for the next one.
	bodied bool

	shard    *shard
	out      chan *shard // full ones, to the collector
	spare    chan *shard // empty ones, back from it
	service  *hdrhistogram.Histogram
	lateness *hdrhistogram.Histogram
	connects *hdrhistogram.Histogram

	doneNs          int64
	cpuUser, cpuSys int64
}

func newLoop(r *run, id int) *loop {
	p := r.plan
	l := &loop{
		run: r, id: id, clock: r.clock,
		buf: make([]byte, 32<<10), wires: p.wires, pattern: p.pattern,
		closed: p.Mode == Closed, mode: p.Mode, timeout: int64(p.Timeout), closeAfter: int32(p.CloseAfter),
		conns:    make([]conn, share(int64(p.Connections), id, p.Loops)),
		out:      make(chan *shard, shards),
		spare:    make(chan *shard, shards),
		service:  newHistogram(),
		lateness: newHistogram(),
		connects: newHistogram(),
		shard:    newShard(id),
		turns:    id, // loops of few connections begin at different targets
	}
	for range shards - 1 {
		l.spare <- newShard(id)
	}
	for i, s := range p.Sources {
		if len(p.Sources) < p.Loops || i%p.Loops == id { // each its own where they suffice
			l.sources = append(l.sources, s)
		}
	}
	if l.quota = Never; p.Requests > 0 {
		l.quota = share(p.Requests, id, p.Loops)
	}
	l.parser = parser{classHeader: strings.ToLower(p.ClassifyHeader), classify: l.classify}
	for i := range l.lists {
		l.lists[i] = list{-1, -1}
	}
	for i := range l.conns {
		c := &l.conns[i]
		c.self = int32(i)
		l.link(c, stateCold)
	}
	l.net = r.engine.transport(l)
	return l
}

// share is the part of n things that falls to one of several loops.
func share(n int64, id, loops int) int64 {
	part := n / int64(loops)
	if int64(id) < n%int64(loops) {
		part++
	}
	return part
}

// drive runs the loop from opening connections to the end of the drain.
func (l *loop) drive() error {
	defer close(l.out)
	if err := l.net.begin(); err != nil {
		l.run.endAt(0, interrupted)
		l.run.ready()
		return err
	}
	defer l.net.end()
	defer l.shutAll()
	if !l.prepare() {
		l.publish(l.now(), true)
		return nil
	}
	user, sys := l.net.cpu()
	for {
		now, end := l.now(), l.end()
		l.expire(now)
		now = l.dispatch(now, end, burst)
		if now >= l.nextShot {
			l.publish(now, false)
		}
		if l.over(now, end) {
			l.settle(now, end)
			break
		}
		l.net.turn(l.horizon(now, end))
	}
	l.cpuUser, l.cpuSys = l.net.cpu()
	l.cpuUser, l.cpuSys = l.cpuUser-user, l.cpuSys-sys
	l.publish(l.doneNs, true)
	return nil
}

func (l *loop) shutAll() {
	for i := range l.conns {
		if c := &l.conns[i]; c.established || c.state == stateConnecting {
			l.shut(c, stateCold)
		}
	}
}

// act waits at most ns nanoseconds for events and handles them.
func (l *loop) act(ns int64) {
	n := l.net.wait(ns)
	l.acting, l.more = true, false
	for i := range n {
		l.net.handle(i)
		if l.closed || l.head.due <= l.at { // a freed connection serves at once what waits
			l.dispatch(l.at, l.end(), 1)
		}
	}
	l.acting = false
}

// collect takes what has arrived without sending anything: one event of each
// connection, which may be more than a wait tells at a time.
func (l *loop) collect() {
	for left := len(l.conns); left > 0; {
		n := l.net.wait(0)
		for i := range n {
			l.net.handle(i)
		}
		if left -= n; n < batch {
			return
		}
	}
}

// now reads the clock and keeps what it read, for those content with the last
// reading.
func (l *loop) now() int64 {
	l.at = l.clock.now()
	return l.at
}

// end is when the schedule ends, as far as is known. Another thread may end it
// at a moment up to which this one has already counted or sent, or does so yet
// with the end it knew before; what it has stays scheduled.
func (l *loop) end() int64 {
	return min(l.fullEnd, max(l.run.limit.Load(), l.counted+1))
}
