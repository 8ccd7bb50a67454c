package loadgen

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The hot path makes raw system calls: the runtime is not told, so its monitor
// thread does not take the P away from a loop that waits, which costs 30 % of
// CPU at low rates. In return a waiting loop delays the stop of the world, so
// waits are bounded by maxWait.

func recv(fd int32, b []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT, 0, 0)
	return int(n), e
}

func send(fd int32, b []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), e
}

func closeFD(fd int32) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// poller is one epoll instance.
type poller struct {
	fd     int32
	events [128]unix.EpollEvent
	// noPwait2 remembers that the kernel (before 5.11) or a container's
	// seccomp profile refuses epoll_pwait2; ppoll on the epoll descriptor has
	// nanosecond timeouts too, at one more call per wake-up.
	noPwait2 bool
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("creating an epoll instance: %w", err)
	}
	return &poller{fd: int32(fd)}, nil
}

func (p *poller) close() { closeFD(p.fd) }

// add, mod: slot and generation come back with each event.
func (p *poller) ctl(op int, fd int32, events uint32, slot int32, gen uint32) unix.Errno {
	ev := unix.EpollEvent{Events: events, Fd: slot, Pad: int32(gen)}
	_, _, e := unix.RawSyscall6(unix.SYS_EPOLL_CTL,
		uintptr(p.fd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	return e
}

// wait returns the number of events, waiting at most ns nanoseconds for one.
func (p *poller) wait(ns int64) int {
	if ns > 0 && !p.noPwait2 {
		ts := [2]int64{ns / 1e9, ns % 1e9} // a __kernel_timespec, which is 64 bits wide everywhere
		n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
			uintptr(len(p.events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
		if e == 0 {
			return int(n)
		}
		if e == unix.EINTR { // the runtime's preemption signal
			return 0
		}
		p.noPwait2 = true
	}
	if ns > 0 {
		ts := unix.NsecToTimespec(ns)
		pfd := unix.PollFd{Fd: p.fd, Events: unix.POLLIN}
		n, _, e := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&pfd)), 1,
			uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		if e != 0 || n == 0 {
			return 0
		}
	}
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}

// rawAddr is a socket address as the kernel takes it, made once.
type rawAddr struct {
	b      [14]uint64 // a sockaddr_in, sockaddr_in6 or sockaddr_un, aligned for each
	n      uintptr
	family int
}

func newRawAddr(ap netip.AddrPort) rawAddr {
	addr := ap.Addr().Unmap()
	var r rawAddr
	if addr.Is4() {
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&r.b))
		sa.Family, sa.Addr = unix.AF_INET, addr.As4()
		putPort(&sa.Port, ap.Port())
		r.n, r.family = unix.SizeofSockaddrInet4, unix.AF_INET
		return r
	}
	sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(&r.b))
	sa.Family, sa.Addr = unix.AF_INET6, addr.As16()
	putPort(&sa.Port, ap.Port())
	r.n, r.family = unix.SizeofSockaddrInet6, unix.AF_INET6
	return r
}

// raw is e as the kernel takes it.
func (e endpoint) raw() rawAddr {
	if e.path == "" {
		return newRawAddr(e.addr)
	}
	var r rawAddr
	sa := (*unix.RawSockaddrUnix)(unsafe.Pointer(&r.b))
	sa.Family = unix.AF_UNIX
	for i, c := range []byte(e.path) {
		sa.Path[i] = int8(c)
	}
	r.n, r.family = unsafe.Offsetof(sa.Path)+uintptr(len(e.path))+1, unix.AF_UNIX
	if e.path[0] == '@' { // the abstract namespace: a NUL before the name, none after it
		sa.Path[0] = 0
		r.n--
	}
	return r
}

// putPort writes a port in network byte order.
func putPort(to *uint16, port uint16) {
	b := (*[2]byte)(unsafe.Pointer(to))
	b[0], b[1] = byte(port>>8), byte(port)
}

// openSocket makes a non-blocking stream socket, bound to source if that is valid.
func openSocket(family int, source netip.Addr) (fd int32, e unix.Errno) {
	const kind = unix.SOCK_STREAM | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	r, _, e := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), kind, 0)
	if e != 0 {
		return -1, e
	}
	fd = int32(r)
	if family != unix.AF_UNIX {
		setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY)
	}
	if source.IsValid() {
		// Without this bind() takes a port that is then blocked towards every
		// destination, and the error becomes EADDRINUSE.
		setOption(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT)
		source := newRawAddr(netip.AddrPortFrom(source, 0))
		if _, _, e = unix.RawSyscall(unix.SYS_BIND, r, uintptr(unsafe.Pointer(&source.b)), source.n); e != 0 {
			closeFD(fd)
			return -1, e
		}
	}
	return fd, 0
}

func setOption(fd int32, level, option int) {
	one := int32(1)
	unix.RawSyscall6(unix.SYS_SETSOCKOPT,
		uintptr(fd), uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&one)), 4, 0)
}

func connect(fd int32, to *rawAddr) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&to.b)), to.n)
	return e
}

// socketError is the outcome of an asynchronous connect.
func socketError(fd int32) unix.Errno {
	var v, n int32 = 0, 4
	_, _, e := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR,
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&n)), 0)
	if e != 0 {
		return e
	}
	return unix.Errno(v)
}

// precise takes the 50 µs of slack off the calling thread's timers. Where a
// sandbox refuses that, sends are as much later, and the lateness says so.
func precise() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }

// pin binds the calling thread to a CPU.
func pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning an event loop to CPU %d: %w", cpu, err)
	}
	return nil
}

// threadCPU is the processor time of the calling thread, in nanoseconds.
func threadCPU() (user, sys int64) {
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &ru) != nil {
		return 0, 0
	}
	return ru.Utime.Nano(), ru.Stime.Nano()
}
