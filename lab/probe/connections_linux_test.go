package probe

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// TestConnectionsSayWhenTimeWaitEnds: both ways of looking agree with the clock.
func TestConnectionsSayWhenTimeWaitEnds(t *testing.T) {
	namespace(t)
	sockets := func(want int) {
		t.Helper()
		if n, err := TCPSockets(); n != want || err != nil {
			t.Errorf("%d TCP sockets, %v; want %d", n, err, want)
		}
	}
	sockets(0)
	s := listen(t, "127.0.0.1:80")
	sockets(1)
	six := listen(t, "[::1]:81")
	for _, to := range []server{s, six} {
		if made, err := to.timeWaits(to.addr, 3); err != nil {
			t.Fatalf("%d connections, then %v", made, err)
		}
	}
	client, accepted, err := s.connect(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(client)
	defer unix.Close(accepted)
	sockets(2 + 6 + 2) // listeners, TIME_WAITs of both families, both ends of one
	time.Sleep(500 * time.Millisecond)

	dump := func(visit func(Connection), listening func(netip.AddrPort)) error {
		return Connections(func() {}, visit, listening)
	}
	text := func(visit func(Connection), listening func(netip.AddrPort)) error {
		for _, name := range []string{"tcp", "tcp6"} {
			f, err := os.Open("/proc/thread-self/net/" + name)
			if err != nil {
				return err
			}
			defer f.Close()
			if err := ReadConnections(f, visit, listening); err != nil {
				return err
			}
		}
		return nil
	}
	for name, read := range map[string]func(func(Connection), func(netip.AddrPort)) error{"sock_diag": dump, "/proc": text} {
		waits, live, listeners := map[netip.AddrPort]int{}, 0, 0
		err := read(func(c Connection) {
			switch {
			case c.TimeWait():
				waits[c.Remote]++
				if age := time.Minute - c.Remaining; age < 490*time.Millisecond || age > 5*time.Second {
					t.Errorf("%s: %v is %v old, want at least the half second since", name, c.Remote, age)
				}
			case c.State == "established":
				live++
				if c.Inode == 0 {
					t.Errorf("%s: %+v has no inode", name, c)
				}
			}
		}, func(netip.AddrPort) { listeners++ })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if waits[s.ap] != 3 || waits[six.ap] != 3 || live != 2 || listeners != 2 {
			t.Errorf("%s: TIME_WAIT %v, %d live, %d listeners; want 3 to each, both ends of one, two listeners",
				name, waits, live, listeners)
		}
	}
}

// TestRemoteOf: one source port serves connections to two destinations, and each is told from
// the other.
func TestRemoteOf(t *testing.T) {
	reuse := func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		})
		return errors.Join(failed, err)
	}
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(needs.Port(t))}
	dialer := net.Dialer{Control: reuse, LocalAddr: from}
	for _, ip := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
		l, err := net.Listen("tcp4", ip)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		to := l.Addr().(*net.TCPAddr).AddrPort()
		c, err := dialer.DialContext(t.Context(), "tcp4", to.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got, err := RemoteOf(c.(*net.TCPConn)); got != to || err != nil {
			t.Errorf("from %v: %v, %v; want %v", c.LocalAddr(), got, err, to)
		}
	}
}
