package loadgen

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// In an open loop most of a generator's CPU is waking up: once when a request
// is due and once when its response arrives, 20 to 40 µs each on a virtual
// machine. The second is not needed. With SO_TIMESTAMPNS the kernel notes when
// a response arrived and tells it with the bytes, so they may be read later:
// the loop naps until the next request is due, sends it, and then reads what
// came meanwhile. Latency is none the worse for it, even better: the moment of
// arrival does not depend on when this thread got its CPU.
//
// A closed loop sends when a response arrives and so cannot nap; TLS cannot
// either, because crypto/tls hides which record the bytes came from.

// maxNap bounds how long a response, or the end of a connection, may wait to
// be looked at. It is also the tick of Relaxed, which so wakes once a tick.
const maxNap = tick

// minNap is the shortest nap of an Exact loop: being woken costs as much CPU as
// a shorter one would give back. Above 1/minNap requests go in pairs or more,
// still tens of microseconds late.
const minNap = int64(40 * time.Microsecond)

// stamps are the kernel's arrival times of what a loop receives.
type stamps struct {
	asked bool  // for, on every socket of the loop
	told  bool  // with the last bytes: the kernel does so
	last  int64 // CLOCK_REALTIME of the last receipt; 0: untold
	ahead int64 // CLOCK_REALTIME - CLOCK_MONOTONIC, read each turn: the kernel stamps in the former

	msg     unix.Msghdr
	iov     unix.Iovec
	control [64]byte
}

// ask prepares to receive into buf with stamps.
func (s *stamps) ask(buf []byte) {
	s.asked = true
	s.iov.Base = &buf[0]
	s.iov.SetLen(len(buf))
	s.msg.Iov, s.msg.Control = &s.iov, &s.control[0]
	s.msg.SetIovlen(1)
}

// recv is recvmsg(2), keeping the stamp of the last bytes received.
func (s *stamps) recv(fd int32) (int, unix.Errno) {
	s.msg.SetControllen(len(s.control))
	n, _, e := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.msg)), unix.MSG_DONTWAIT)
	if e != 0 || n == 0 {
		s.last = 0
		return int(n), e
	}
	s.last = s.read()
	s.told = s.last != 0
	return int(n), 0
}

// read takes the stamp out of the control message. It is the only one, since
// nothing else was asked for.
func (s *stamps) read() int64 {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&s.control))
	whole := int(s.msg.Controllen) >= unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{})))
	if !whole || h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS {
		return 0
	}
	return (*unix.Timespec)(unsafe.Pointer(&s.control[unix.CmsgLen(0)])).Nano()
}

// arrival is when the response of c was complete on this host, if the kernel
// told, else now. A step of CLOCK_REALTIME during a nap cannot move it out of
// the time in which it must have been.
func (s *sockets) arrival(c *conn) int64 {
	now := s.l.now()
	if s.stamps.last == 0 || c.service == 0 {
		return now
	}
	return min(max(s.stamps.last-s.stamps.ahead, c.service), now)
}

// compareClocks reads both clocks at one moment.
func (s *sockets) compareClocks() {
	t := time.Now()
	s.stamps.ahead = t.UnixNano() - int64(t.Sub(s.l.clock.base)) - s.l.clock.offset
}

// mayNap tells whether nothing but the next send, at t, needs this loop: the
// kernel stamps what arrives, none of it is waited for, a connection is free for
// the send, and it comes soon.
func (s *sockets) mayNap(t int64) bool {
	l := s.l
	return s.stamps.told && !l.blind && !l.more && s.urgent == 0 && t-l.at <= maxNap && t > l.at &&
		l.head.due < l.end() && l.free() != nil
}

// turn waits for events until t at the latest, and acts on them.
func (s *sockets) turn(t int64) {
	l := s.l
	if !s.mayNap(t) {
		l.act(t - l.at)
		return
	}
	l.act(0) // what came during the last nap
	if l.now(); s.mayNap(t) {
		if l.mode == Exact {
			t = max(t, l.at+minNap)
		}
		nap(t)
	}
}

// behind: what came during a nap is not told until the next wait.
func (s *sockets) behind() bool { return s.stamps.told }

// nap sleeps until t.
func nap(t int64) {
	ts := unix.NsecToTimespec(t)
	unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP,
		unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}
