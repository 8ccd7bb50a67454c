package diagnose

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

// bindThenConnect makes a connection as programs do that do not set
// IP_BIND_ADDRESS_NO_PORT.
func bindThenConnect(to netip.AddrPort, source string, listener int) (client, accepted int, err error) {
	if client, err = socketFor(to.Addr()); err != nil {
		return 0, 0, err
	}
	if err = unix.Bind(client, sockaddrOf(netip.AddrPortFrom(netip.MustParseAddr(source), 0))); err == nil {
		err = unix.Connect(client, sockaddrOf(to))
	}
	if err != nil {
		unix.Close(client)
		return 0, 0, err
	}
	accepted, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return client, accepted, err
}

// thisNamespace looks at the one that the test's thread is in.
func thisNamespace(t *testing.T) Namespace {
	t.Helper()
	inode, err := netInode("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	n := Namespace{Inode: inode, Name: "here"}
	if err := (&found{inode: inode}).readInside(&n, false); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKernelSharesPortsAsSaid holds what is concluded of a program that binds first, and
// of another one that does not, against how many connections the kernel then lets each
// make.
func TestKernelSharesPortsAsSaid(t *testing.T) {
	needs.Network(t)
	l := load{
		Low:       20000,
		High:      20099,
		Addresses: []string{"10.3.0.1/32", "10.3.0.2/32"},
		Sysctls:   map[string]string{"net.ipv4.tcp_tw_reuse": "0"},
	}
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	const source = "10.3.0.1"
	listeners := map[string]int{}
	for _, to := range []string{"10.3.0.2:80", "10.3.0.2:81", "10.3.0.2:82"} {
		fd, err := listenAt(netip.MustParseAddrPort(to))
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		listeners[to] = fd
	}
	type maker func(netip.AddrPort, string, int) (int, int, error)
	var open []int
	defer func() {
		for _, fd := range open {
			unix.Close(fd)
		}
	}()
	make := func(by maker, to string, n int) (made int, err error) {
		for ; made < n; made++ {
			client, accepted, err := by(netip.MustParseAddrPort(to), source, listeners[to])
			if err != nil {
				return made, err
			}
			open = append(open, client, accepted)
		}
		return made, nil
	}
	for _, some := range []struct {
		by maker
		to string
		n  int
	}{{bindThenConnect, "10.3.0.2:80", 30}, {connectTo, "10.3.0.2:81", 15}} {
		if made, err := make(some.by, some.to, some.n); err != nil {
			t.Fatalf("%d of %d connections to %s: %v", made, some.n, some.to, err)
		}
	}
	for _, fd := range open[:20] { // ten of those that bound are in TIME_WAIT
		unix.Close(fd)
	}
	open = open[20:]

	r := conclude(t, thisNamespace(t))
	k := map[string]int{}
	for _, x := range r.Namespaces[0].Tuples {
		k[x.Destination] = *x.Tuples
	}
	if k[everywhere] != 100-15 || k["10.3.0.2:81"] != 100-30 {
		t.Fatalf("%v ports, want 85 for bind() and 70 for connect(): %+v", k, r.Namespaces[0].Tuples)
	}
	// Of a destination that has none yet, connect() has all of its ports.
	before := len(open)
	made, err := make(connectTo, "10.3.0.2:82", 200)
	if !errors.Is(err, unix.EADDRNOTAVAIL) || made != k["10.3.0.2:81"] {
		t.Errorf("connect() made %d and failed with %v, want %d and error 99", made, err, k["10.3.0.2:81"])
	}
	for _, fd := range open[before:] {
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			t.Fatal(err)
		}
		unix.Close(fd) // by a reset, which leaves no TIME_WAIT
	}
	open = open[:before]
	made, err = make(bindThenConnect, "10.3.0.2:82", 200)
	if !errors.Is(err, unix.EADDRINUSE) || made != k[everywhere]-30 {
		t.Errorf("bind() made %d and failed with %v, want %d and error 98", made, err, k[everywhere]-30)
	}
}
