package trace

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// network gives the test a namespace of ten ports, and returns its inode.
func network(t testing.TB) uint64 {
	t.Helper()
	needs.Network(t)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("20000 20009"), 0); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

func addressOf(to netip.AddrPort) (family int, a unix.Sockaddr) {
	if to.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
}

// dial is one connect(). The socket stays open if it succeeds.
func dial(to netip.AddrPort, flags int) (int, error) {
	family, a := addressOf(to)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|flags, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, a); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// exhaust takes all ports towards a listener, until the test ends.
func exhaust(t testing.TB, to string) netip.AddrPort {
	t.Helper()
	end := netip.MustParseAddrPort(to)
	family, a := addressOf(end)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := errors.Join(unix.Bind(fd, a), unix.Listen(fd, 64)); err != nil {
		t.Fatal(err)
	}
	for made := 0; ; made++ {
		c, err := dial(end, 0)
		if err == unix.EADDRNOTAVAIL && made == 10 {
			return end
		}
		if err != nil {
			t.Fatalf("connection %d: %v, want EADDRNOTAVAIL after 10", made, err)
		}
		t.Cleanup(func() { unix.Close(c) })
	}
}

// here is the namespace of the calling thread.
func here(t testing.TB) *os.File {
	t.Helper()
	file, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// inThreads runs f in threads of a namespace, at the same time.
func inThreads(t testing.TB, namespace *os.File, n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			runtime.LockOSThread() // for good: the thread ends, and leaves the namespace
			if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
				t.Error(err)
				return
			}
			f(i)
		})
	}
	all.Wait()
}

func begin(t testing.TB, o Options) *Trace {
	t.Helper()
	tr, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

func counts(t testing.TB, tr *Trace) *Counts {
	t.Helper()
	c, err := tr.Counts()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// of are the counts of a destination by errno.
func (c *Counts) of(to netip.AddrPort) map[int]int64 {
	all := map[int]int64{}
	for _, f := range c.Failures {
		if f.To == to {
			all[f.Errno] += f.Count
		}
	}
	return all
}
