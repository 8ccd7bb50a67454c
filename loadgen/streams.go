package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// netEngine is the portable one: package net and crypto/tls, with two goroutines
// for each connection and one for each loop. Schedule, books and parser are those
// of the epoll engine. See the package comment for what it cannot tell.
var netEngine = engine{
	name: "portable", transport: newStreams, check: checkStreams, threads: func(int) func() { return func() {} },
}

// streams are the transport of the portable engine.
type streams struct {
	l     *loop
	mail  chan *stream // from those that have something to tell
	told  []*stream    // by the last wait
	timer *time.Timer
	last  int64 // when the last bytes received were read
	users users
}

func newStreams(l *loop) transport {
	return &streams{l: l, mail: make(chan *stream, len(l.conns)), timer: time.NewTimer(0)}
}

// checkStreams refuses what needs Linux, and sources that this host lacks.
func checkStreams(p *plan) error {
	switch {
	case p.Mode == Spin: // a loop that polls keeps the runtime from looking at its network poller
		return errors.New("mode spin: an event loop can poll on Linux only: take exact, and see the lateness")
	case len(p.CPUs) > 0:
		return fmt.Errorf("CPUs %v: event loops can be pinned on Linux only: leave the CPUs out", p.CPUs)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("source addresses: %w", err)
	}
	for _, a := range p.Sources {
		has := func(n net.Addr) bool { ip, ok := n.(*net.IPNet); return ok && ip.IP.Equal(a.AsSlice()) }
		if !slices.ContainsFunc(own, has) && !(a.Is4() && a.IsLoopback()) { // all of 127/8 is there, where it is
			return fmt.Errorf("source address %s: this host does not have it", a)
		}
	}
	return nil
}

func (t *streams) begin() error { return nil }

func (t *streams) end() {
	t.users.Wait()
	t.l.bytesOut = t.users.wrote.Load()
}

// cpu is the whole process's, so one loop has it all.
func (t *streams) cpu() (user, sys int64) {
	if t.l.id > 0 {
		return 0, 0
	}
	return processCPU()
}

func (t *streams) wait(ns int64) int {
	t.told = t.told[:0]
	if t.take(); len(t.told) > 0 {
		return len(t.told)
	}
	if ns <= 0 {
		runtime.Gosched() // a loop that is late must not keep the others from their turn
	} else {
		t.timer.Reset(time.Duration(ns))
		select {
		case s := <-t.mail:
			t.told = append(t.told, s)
		case <-t.timer.C:
		}
	}
	t.take()
	return len(t.told)
}

// take takes the mail that is there.
func (t *streams) take() {
	for len(t.told) < batch {
		select {
		case s := <-t.mail:
			t.told = append(t.told, s)
		default:
			return
		}
	}
}

func (t *streams) turn(until int64) { t.l.act(until - t.l.at) }

func (t *streams) behind() bool { return false }

func (t *streams) handle(i int) {
	s, l := t.told[i], t.l
	c := &l.conns[s.slot]
	if c.stream != s {
		return
	}
	switch c.state {
	case stateConnecting:
		if now := l.now(); s.err != nil {
			l.dialFailed(c, s.err, now)
		} else {
			s.goOn()
			l.connected(c, now)
		}
	case stateIdle:
		s.full = true
		l.checkIdle(c)
	case stateExchanging:
		s.full = true
		l.read(c, s.err != nil)
	}
}

func (t *streams) connect(c *conn, source netip.Addr) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &stream{
		slot: c.self, mail: t.mail, clock: &t.l.clock, users: &t.users, cancel: cancel, gone: ctx.Done(),
		resume: make(chan struct{}, 1), request: make(chan []byte, 1), written: make(chan struct{}, 1),
	}
	c.stream = s
	target, config := t.l.target(c), t.l.run.plan.tls
	t.users.Go(func() { s.live(ctx, target, source, config) })
}

func (t *streams) close(c *conn) {
	if c.stream == nil {
		return
	}
	c.stream.cancel()
	if c.state != stateConnecting {
		_ = c.stream.raw.Close() // wakes its goroutines
	}
	c.stream = nil
}

func (t *streams) send(c *conn) { c.stream.send(c.wire.bytes) }

func (t *streams) sent(c *conn) bool {
	return !c.stream.writing.Load() && int(c.stream.wrote.Load()) == len(c.wire.bytes)
}

func (t *streams) partly(c *conn) bool {
	return !t.sent(c) && (c.stream.writing.Load() || c.stream.wrote.Load() > 0)
}

func (t *streams) receive(c *conn) (int, syscall.Errno) {
	s := c.stream
	if !s.full {
		return 0, syscall.EAGAIN
	}
	t.last = s.at
	if s.n > 0 {
		n := copy(t.l.buf, s.buf[:s.n])
		if s.n = 0; s.err == nil {
			s.full = false
			s.goOn()
		}
		return n, 0
	}
	return 0, s.ending(c.got)
}

func (t *streams) empties(*conn) bool   { return true }
func (t *streams) tellAgain(*conn) bool { return false }
func (t *streams) peeks(*conn) bool     { return false }

func (t *streams) arrival(c *conn) int64 { return min(max(t.last, c.service), t.l.now()) }

func (t *streams) alert(c *conn) string {
	if s := c.stream; s != nil && s.err != nil && errnoOf(s.err) == syscall.EPROTO {
		return s.err.Error()
	}
	return ""
}

func (t *streams) untaken(c *conn) bool {
	s := c.stream
	return !t.partly(c) && (s.wrote.Load() == 0 || s.at < c.service)
}

// errnoOf is the errno in err, EPROTO if there is none: a TLS alert, or a
// record that does not decrypt.
func errnoOf(err error) syscall.Errno {
	var e syscall.Errno
	if errors.As(err, &e) {
		return common(e)
	}
	return syscall.EPROTO
}
