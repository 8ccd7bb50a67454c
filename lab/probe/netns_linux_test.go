package probe

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// namespace gives the test a network namespace of its own, with lo up. The
// test's thread is never unlocked, so that Go ends it with the test and the
// namespace goes with it.
func namespace(t testing.TB) {
	t.Helper()
	needs.Network(t)
	sysctl(t, "net.ipv4.tcp_tw_reuse", "0") // 2, the default, would reuse loopback's
}

func sysctl(t testing.TB, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), []byte(value), 0); err != nil {
		t.Fatalf("set %s: %v", name, err)
	}
}

// server is a listening socket used without Go's poller: everything happens on
// the test's thread, in order.
type server struct {
	fd   int
	addr unix.Sockaddr
	ap   netip.AddrPort
}

// listen binds to ap; [::]:port accepts IPv4 as well, as Apache does.
func listen(t testing.TB, ap string) server {
	t.Helper()
	s := server{ap: netip.MustParseAddrPort(ap)}
	family := unix.AF_INET
	if s.ap.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	s.fd, s.addr = fd, sockaddr(s.ap)
	if err := unix.Bind(fd, s.addr); err != nil {
		t.Fatalf("bind %v: %v", ap, err)
	}
	if err := unix.Listen(fd, 128); err != nil {
		t.Fatal(err)
	}
	return s
}

func sockaddr(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
}

// connect makes one connection to addr and returns both its ends.
func (s server) connect(addr unix.Sockaddr) (client, accepted int, err error) {
	family := unix.AF_INET
	if _, ok := addr.(*unix.SockaddrInet6); ok {
		family = unix.AF_INET6
	}
	client, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	if err := unix.Connect(client, addr); err != nil {
		unix.Close(client)
		return 0, 0, err
	}
	accepted, _, err = unix.Accept4(s.fd, unix.SOCK_CLOEXEC)
	return client, accepted, err
}

// timeWaits makes n connections that the client closes first, and stops at the
// first error.
func (s server) timeWaits(addr unix.Sockaddr, n int) (made int, err error) {
	for made < n {
		client, accepted, err := s.connect(addr)
		if err != nil {
			return made, err
		}
		unix.Close(client)
		unix.Close(accepted)
		made++
	}
	return made, nil
}

func count(t testing.TB, side Side, dst ...netip.AddrPort) []results.Sockets {
	t.Helper()
	s, err := NewSockets(dst, side)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Count()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func usable(t testing.TB) Ports {
	t.Helper()
	p, err := UsablePorts()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// addVeth makes the link lab0 and its other end lab1.
func addVeth(t *testing.T) {
	t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "lab0"}, PeerName: "lab1"}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lab0", "lab1"} {
		l, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(l); err != nil {
			t.Fatal(err)
		}
	}
}

// kernel skips on a kernel older than the given one.
func kernel(t *testing.T, major, minor int) {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	release := unix.ByteSliceToString(u.Release[:])
	var x, y int
	if _, err := fmt.Sscanf(release, "%d.%d", &x, &y); err != nil {
		t.Fatalf("kernel release %q: %v", release, err)
	}
	if x < major || x == major && y < minor {
		t.Skipf("kernel %s is older than %d.%d", release, major, minor)
	}
}
