package loadgen

import "syscall"

// noPorts is how connect() says that the source ports are used up: Windows
// binds first, and finds none to bind to.
const noPorts = syscall.EADDRINUSE

// winsock are the errors of Windows Sockets that have a name of POSIX, under
// which every system counts them.
var winsock = map[syscall.Errno]struct {
	e    syscall.Errno
	name string
}{
	10013: {syscall.EACCES, "EACCES"},
	10024: {syscall.EMFILE, "EMFILE"},
	10048: {syscall.EADDRINUSE, "EADDRINUSE"},
	10049: {syscall.EADDRNOTAVAIL, "EADDRNOTAVAIL"},
	10050: {syscall.ENETDOWN, "ENETDOWN"},
	10051: {syscall.ENETUNREACH, "ENETUNREACH"},
	10053: {syscall.ECONNABORTED, "ECONNABORTED"},
	10054: {syscall.ECONNRESET, "ECONNRESET"},
	10055: {syscall.ENOBUFS, "ENOBUFS"},
	10060: {syscall.ETIMEDOUT, "ETIMEDOUT"},
	10061: {syscall.ECONNREFUSED, "ECONNREFUSED"},
	10065: {syscall.EHOSTUNREACH, "EHOSTUNREACH"},
}

// common is e in the numbers of package syscall.
func common(e syscall.Errno) syscall.Errno {
	if w, ok := winsock[e]; ok {
		return w.e
	}
	return e
}

func errnoName(e syscall.Errno) string {
	for _, w := range winsock {
		if w.e == e {
			return w.name
		}
	}
	return e.Error()
}

// fileLimit is how many files the process may have open: as many as its memory
// holds.
func fileLimit() string { return "unknown" }

// processCPU is the processor time of this process, in nanoseconds.
func processCPU() (user, sys int64) {
	p, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, 0
	}
	var created, ended, inKernel, inUser syscall.Filetime
	if syscall.GetProcessTimes(p, &created, &ended, &inKernel, &inUser) != nil {
		return 0, 0
	}
	// In units of 100 ns, but not from 1601 on, as Filetime.Nanoseconds takes them.
	ns := func(t syscall.Filetime) int64 { return (int64(t.HighDateTime)<<32 | int64(t.LowDateTime)) * 100 }
	return ns(inUser), ns(inKernel)
}
