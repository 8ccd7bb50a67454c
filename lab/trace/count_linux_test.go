package trace

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestEveryFailureIsCounted: four threads fail 3,000 times each towards each of three
// destinations, all at once.
func TestEveryFailureIsCounted(t *testing.T) {
	inode := network(t)
	four, six := exhaust(t, "127.0.0.1:81"), exhaust(t, "[::1]:82")
	wrong := map[netip.AddrPort]unix.Errno{
		four: unix.EADDRNOTAVAIL, six: unix.EADDRNOTAVAIL, netip.MustParseAddrPort("127.0.0.1:9"): unix.ECONNREFUSED,
	}
	tr := begin(t, Options{Namespace: inode})
	const threads, each = 4, 3000
	inThreads(t, here(t), threads, func(i int) {
		for range each {
			for to, want := range wrong {
				if _, err := dial(to, 0); err != want {
					t.Errorf("%v: %v, want %v", to, err, want)
				}
			}
		}
	})
	c := counts(t, tr)
	if c.Lost != 0 {
		t.Errorf("%d are lost", c.Lost)
	}
	if len(c.Failures) != 3 {
		t.Errorf("%d kinds of failures, want 3: %+v", len(c.Failures), c.Failures)
	}
	self, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	for to, errno := range wrong {
		want := Failure{
			Namespace: inode,
			PID:       os.Getpid(),
			Process:   string(self[:len(self)-1]),
			To:        to,
			Errno:     int(errno),
			Name:      unix.ErrnoName(errno),
			Count:     threads * each,
		}
		if !slices.Contains(c.Failures, want) {
			t.Errorf("%+v is not among %+v", want, c.Failures)
		}
	}
	if c.Succeeded.Count() != 0 || c.NoPort.Count() != 2*threads*each || c.Failed.Count() != threads*each {
		t.Errorf("%d calls succeeded, %d had no port, %d failed; want 0, %d, %d", c.Succeeded.Count(), c.NoPort.Count(),
			c.Failed.Count(), 2*threads*each, threads*each)
	}
	if c.For <= 0 || c.NoPort.Quantile(1) <= 0 || c.NoPort.Quantile(1) > 2*c.For {
		t.Errorf("one of the calls took %v, in %v", c.NoPort.Quantile(1), c.For)
	}
}

// TestReadingMeanwhile: a reader keeps a processor in bpf(2) as often as it can, which keeps
// programs from running there. What is not counted is then counted as lost.
func TestReadingMeanwhile(t *testing.T) {
	inode := network(t)
	full := exhaust(t, "127.0.0.1:81")
	tr := begin(t, Options{Namespace: inode})
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		for reads := 0; ; reads++ {
			select {
			case <-stop:
				stopped <- reads
				return
			default:
				tr.Counts()
			}
		}
	}()
	const threads, each = 4, 5000
	inThreads(t, here(t), threads, func(int) {
		for range each {
			dial(full, 0)
		}
	})
	close(stop)
	reads := <-stopped
	c := counts(t, tr)
	n := c.of(full)[int(unix.EADDRNOTAVAIL)]
	if n > threads*each || n+c.Lost < threads*each {
		t.Errorf("%d counted and %d lost of %d", n, c.Lost, threads*each)
	}
	t.Logf("%d counted, %d lost in %d reads", n, c.Lost, reads)
}

// TestWhatIsNoFailure: what goes on, what was connected before, other families, and a bad
// pointer are none; each is caused for real.
func TestWhatIsNoFailure(t *testing.T) {
	inode := network(t)
	unixPath := filepath.Join(t.TempDir(), "nobody")
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	to4 := &unix.SockaddrInet4{Port: 81, Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(listener, to4), unix.Listen(listener, 0)); err != nil {
		t.Fatal(err)
	}
	tr := begin(t, Options{Namespace: inode})
	to := netip.MustParseAddrPort("127.0.0.1:81")
	first, err := dial(to, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(first)
	if err := unix.Connect(first, to4); err != unix.EISCONN {
		t.Errorf("%v, want EISCONN", err)
	}
	// The queue of the listener takes one; later ones wait for an answer.
	waiting := 0
	for range 4 {
		fd, err := dial(to, unix.SOCK_NONBLOCK)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Connect(fd, to4); err == unix.EALREADY {
			waiting++
		}
	}
	if waiting == 0 {
		t.Error("no connection was going on")
	}
	local, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(local)
	if err := unix.Connect(local, &unix.SockaddrUnix{Name: unixPath}); err != unix.ENOENT {
		t.Errorf("%v, want ENOENT", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(first), 8, 16); errno != unix.EFAULT {
		t.Errorf("%v, want EFAULT", errno)
	}
	c := counts(t, tr)
	if len(c.Failures) != 0 || c.Lost != 0 || c.NoPort.Count() != 0 || c.Failed.Count() != 0 {
		t.Errorf("%+v, and %d lost; want none", c.Failures, c.Lost)
	}
	if n := c.Succeeded.Count(); n < 5 || n > 9 {
		t.Errorf("%d succeeded, want those 5 that were new, and of 4 more those that came through", n)
	}
}

// TestMappedAddressIsIPv4: a program with a socket for both families means IPv4.
func TestMappedAddressIsIPv4(t *testing.T) {
	inode := network(t)
	tr := begin(t, Options{Namespace: inode})
	if _, err := dial(netip.MustParseAddrPort("[::ffff:127.0.0.1]:9"), 0); err != unix.ECONNREFUSED {
		t.Fatal(err)
	}
	want := netip.MustParseAddrPort("127.0.0.1:9")
	if c := counts(t, tr); c.of(want)[int(unix.ECONNREFUSED)] != 1 {
		t.Errorf("%+v, want one towards %v", c.Failures, want)
	}
}

// TestWhatDoesNotFitIsCountedAsLost: 4 destinations fit, and there are 100.
func TestWhatDoesNotFitIsCountedAsLost(t *testing.T) {
	inode := network(t)
	where, err := kernelOffsets()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := start(where, Options{Namespace: inode}, limits{calls: usual.calls, failures: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for port := range uint16(100) {
		for range 2 {
			dial(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 1000+port), 0)
		}
	}
	c := counts(t, tr)
	seen := int64(0)
	for _, f := range c.Failures {
		seen += f.Count
	}
	if len(c.Failures) != 4 || seen != 8 || c.Lost != 192 || c.Failed.Count() != 200 {
		t.Errorf("%d kinds with %d calls, %d lost, %d in the histogram; want 4, 8, 192, 200", len(c.Failures), seen,
			c.Lost, c.Failed.Count())
	}
}

// TestNamespaces: a trace of one namespace sees no other; one of all sees it by its inode,
// with the kernel's type information and without.
func TestNamespaces(t *testing.T) {
	where, err := kernelOffsets()
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort("127.0.0.1:9")
	for name, c := range map[string]struct {
		where *offsets
		other bool
		want  bool
	}{
		"all":             {where, false, true},
		"all without BTF": {nil, false, true},
		"another":         {where, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			var o Options
			if c.other {
				o.Namespace = namespaceOf(os.Getpid())
			}
			inode := network(t)
			tr, err := start(c.where, o, usual)
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			_, a := addressOf(to)
			for range 5 { // by a thread of another namespace: the socket's counts
				if err := connectElsewhere(fd, a); err != unix.ECONNREFUSED {
					t.Fatal(err)
				}
			}
			seen, in := int64(0), uint64(0)
			for _, f := range counts(t, tr).Failures {
				if f.PID == os.Getpid() && f.To == to {
					seen, in = f.Count, f.Namespace
				}
			}
			if want := map[bool]int64{true: 5}[c.want]; seen != want {
				t.Errorf("%d calls are seen, want %d", seen, want)
			}
			if c.want && c.where != nil && in != inode {
				t.Errorf("in namespace %d, want %d", in, inode)
			}
			// /proc knows the process's, which is that of its main thread.
			if c.want && c.where == nil && in != namespaceOf(os.Getpid()) {
				t.Errorf("in namespace %d, want %d", in, namespaceOf(os.Getpid()))
			}
		})
	}
}

// connectElsewhere connects a socket in another thread, which is in the namespace that the
// test began in.
func connectElsewhere(fd int, to unix.Sockaddr) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = unix.Connect(fd, to)
	}()
	<-done
	return err
}
