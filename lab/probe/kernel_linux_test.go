package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

func TestExhaustionIsCountedExactly(t *testing.T) {
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 20099")
	sysctl(t, "net.ipv4.ip_local_reserved_ports", "20010-20019")
	listen(t, "127.0.0.11:20050") // as Docker's embedded DNS
	a := listen(t, "127.0.0.1:80")
	b := listen(t, "127.0.0.2:80")

	p := usable(t)
	if want := (Ports{Low: 20000, High: 20099, Reserved: 10, Bound: []uint16{20050}, Usable: 89}); !cmp.Equal(want, p) {
		t.Fatalf("ports %+v, want %+v", p, want)
	}
	before, err := ReadCounters()
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.timeWaits(a.addr, p.Usable+1)
	if made != p.Usable || !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Fatalf("%d connections, then %v; want %d, then EADDRNOTAVAIL", made, err, p.Usable)
	}
	if made, err := b.timeWaits(b.addr, 7); err != nil {
		t.Fatalf("another destination stopped after %d: %v", made, err)
	}
	want := []results.Sockets{
		{Dst: "127.0.0.1:80", State: "time-wait", N: int64(p.Usable)},
		{Dst: "127.0.0.2:80", State: "time-wait", N: 7},
	}
	if diff := cmp.Diff(want, count(t, Remote, b.ap, a.ap)); diff != "" {
		t.Errorf("sockets: -want +got:\n%s", diff)
	}
	if got := count(t, Local, a.ap, b.ap); len(got) != 0 {
		t.Errorf("the server's side holds %v, want nothing", got)
	}
	if again := usable(t); !cmp.Equal(p, again) {
		t.Errorf("ports %+v once they are used up, %+v before", again, p)
	}
	if tw, err := ReadTimeWait(); err != nil || tw != int64(p.Usable+7) {
		t.Errorf("sockstat has %d, %v; want %d in TIME_WAIT", tw, err, p.Usable+7)
	}
	after, err := ReadCounters()
	if err != nil {
		t.Fatal(err)
	}
	delta := after.Since(before)
	for name, want := range map[string]int64{
		"active_opens": int64(p.Usable + 7), "time_wait_created": int64(p.Usable + 7), "time_wait_overflow": 0,
		"attempt_fails": 0, // the failed connect() is in no counter
	} {
		if got, ok := delta[name]; !ok || got != want {
			t.Errorf("%s went up by %d (there: %v), want %d", name, got, ok, want)
		}
	}
}

func TestEveryStateIsSpelledAsSsDoes(t *testing.T) {
	namespace(t)
	s := listen(t, "[::]:80")
	v4, v6 := netip.MustParseAddrPort("127.0.0.1:80"), netip.MustParseAddrPort("[::1]:80")
	var open []int
	defer func() {
		for _, fd := range open {
			unix.Close(fd)
		}
	}()
	keep := func(addr netip.AddrPort) (client, accepted int) {
		t.Helper()
		client, accepted, err := s.connect(sockaddr(addr))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, client, accepted)
		return client, accepted
	}
	keep(v4)
	keep(v6)
	client, _ := keep(v4) // the client closes, the server does not: an orphan
	unix.Close(client)
	open = open[:len(open)-2]
	client, _ = keep(v6) // half closed, but not orphaned
	unix.Shutdown(client, unix.SHUT_WR)
	if _, err := s.timeWaits(sockaddr(v4), 3); err != nil {
		t.Fatal(err)
	}

	// Nobody answers for this address, so the connection stays where it is.
	addVeth(t)
	if err := AddAddr("lab0", netip.MustParsePrefix("198.18.0.2/24")); err != nil {
		t.Fatal(err)
	}
	nobody := netip.MustParseAddrPort("198.18.0.77:80")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, fd)
	if err := unix.Connect(fd, sockaddr(nobody)); err != unix.EINPROGRESS {
		t.Fatalf("connect to nobody: %v", err)
	}

	want := []results.Sockets{
		{Dst: "127.0.0.1:80", State: "established", N: 1},
		{Dst: "127.0.0.1:80", State: "fin-wait-2", N: 1},
		{Dst: "127.0.0.1:80", State: "time-wait", N: 3},
		{Dst: "198.18.0.77:80", State: "syn-sent", N: 1},
		{Dst: "[::1]:80", State: "established", N: 1},
		{Dst: "[::1]:80", State: "fin-wait-2", N: 1},
	}
	// The FINs are acknowledged with the usual delay, of 40 ms and more.
	got := count(t, Remote, v4, v6, nobody)
	for range 100 {
		if cmp.Equal(want, got) {
			break
		}
		time.Sleep(20 * time.Millisecond)
		got = count(t, Remote, v4, v6, nobody)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clients: -want +got:\n%s", diff)
	}
	// The orphan in FIN_WAIT2 is a mini-socket, which sockstat counts as tw.
	if tw, err := ReadTimeWait(); err != nil || tw != 3+1 {
		t.Errorf("sockstat has %d, %v; want 3 in TIME_WAIT and 1 in FIN_WAIT2", tw, err)
	}
	// The dual-stack server's ends are ::ffff:127.0.0.1.
	want = []results.Sockets{
		{Dst: "127.0.0.1:80", State: "close-wait", N: 1},
		{Dst: "127.0.0.1:80", State: "established", N: 1},
		{Dst: "[::1]:80", State: "close-wait", N: 1},
		{Dst: "[::1]:80", State: "established", N: 1},
	}
	if diff := cmp.Diff(want, count(t, Local, v4, v6)); diff != "" {
		t.Errorf("servers: -want +got:\n%s", diff)
	}
}

// ss is the tool people have: its count and ours must be one.
func TestCountEqualsSs(t *testing.T) {
	needs.Program(t, "netns", "ss")
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 24095")
	s := listen(t, "127.0.0.1:80")
	if _, err := s.timeWaits(s.addr, 3000); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		client, accepted, err := s.connect(s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(client)
		defer unix.Close(accepted)
	}
	// Go starts processes from the calling thread, so ss is in its namespace.
	out, err := exec.Command("ss", "-Htan", "dport = :80").Output()
	if err != nil {
		t.Fatal(err)
	}
	byState := map[string]int64{}
	for line := range strings.Lines(string(out)) {
		byState[strings.Fields(line)[0]]++
	}
	want := []results.Sockets{
		{Dst: "127.0.0.1:80", State: "established", N: byState["ESTAB"]},
		{Dst: "127.0.0.1:80", State: "time-wait", N: byState["TIME-WAIT"]},
	}
	if byState["TIME-WAIT"] != 3000 || byState["ESTAB"] != 5 {
		t.Errorf("ss counts %v, want 3000 and 5", byState)
	}
	if diff := cmp.Diff(want, count(t, Remote, s.ap)); diff != "" {
		t.Errorf("-ss +ours:\n%s", diff)
	}
}

// The dump of another namespace's sockets would be a silent disaster.
func TestSocketsSeeTheirOwnNamespaceOnly(t *testing.T) {
	namespace(t)
	s := listen(t, "127.0.0.1:80")
	if _, err := s.timeWaits(s.addr, 4); err != nil {
		t.Fatal(err)
	}
	first, err := NewSockets([]netip.AddrPort{s.ap}, Remote)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	namespace(t)
	if got := count(t, Remote, s.ap); len(got) != 0 {
		t.Errorf("a new namespace holds %v", got)
	}
	if got, err := first.Count(); err != nil || len(got) != 1 || got[0].N != 4 {
		t.Errorf("the first namespace holds %v, %v; want 4", got, err)
	}
}

// TestUsablePortsOfALongList: each second port is reserved, in a list that no short read
// holds.
func TestUsablePortsOfALongList(t *testing.T) {
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 59999")
	var odd []string
	for port := 20001; port < 60000; port += 2 {
		odd = append(odd, fmt.Sprint(port))
	}
	sysctl(t, "net.ipv4.ip_local_reserved_ports", strings.Join(odd, ","))
	if p, err := UsablePorts(); err != nil || p.Reserved != 20000 || p.Usable != 20000 {
		t.Errorf("%+v, %v; want 20,000 reserved, and as many usable", p, err)
	}
}

func TestUsablePortsSeesBoundIdleSockets(t *testing.T) {
	kernel(t, 6, 8) // earlier ones do not show sockets that are merely bound
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 20099")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: 20001, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	udp, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(udp)
	if err := unix.Bind(udp, &unix.SockaddrInet4{Port: 20002}); err != nil {
		t.Fatal(err)
	}
	p := usable(t)
	if p.Usable != 99 || !cmp.Equal(p.Bound, []uint16{20001}) {
		t.Errorf("ports %+v, want 99 with 20001 bound: UDP does not matter", p)
	}
	s := listen(t, "127.0.0.1:80")
	if made, err := s.timeWaits(s.addr, 200); made != 99 || !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("%d connections, then %v; want 99, then EADDRNOTAVAIL", made, err)
	}
}

func TestSysctlsAreReadBackFromTheNamespace(t *testing.T) {
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 20499")
	sysctl(t, "net.ipv4.tcp_tw_reuse", "1")
	got := Sysctls()
	for name, want := range map[string]string{
		"net.ipv4.ip_local_port_range": "20000 20499", "net.ipv4.tcp_tw_reuse": "1",
		"net.ipv4.tcp_timestamps": "1", "net.ipv4.ip_local_reserved_ports": "",
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %q (there: %v), want %q", name, v, ok, want)
		}
	}
}

func TestAddAddr(t *testing.T) {
	namespace(t)
	addVeth(t)
	prefix := netip.MustParsePrefix
	if err := AddAddr("", prefix("198.18.0.3/24")); err == nil || !strings.Contains(err.Error(), "name the link") {
		t.Errorf("no link has the subnet, but: %v", err)
	}
	for _, p := range []netip.Prefix{prefix("198.18.0.2/24"), prefix("fd99::2/64")} {
		if err := AddAddr("lab0", p); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []netip.Prefix{
		prefix("198.18.0.130/24"),
		prefix("198.18.0.131/32"),
		prefix("fd99::3/64"),
		prefix("198.18.0.130/24"),
	} {
		if err := AddAddr("", p); err != nil {
			t.Errorf("by subnet: %v", err)
		}
	}
	if err := AddAddr("nowhere", prefix("198.18.0.4/24")); err == nil {
		t.Error("an address was added to a link that is not there")
	}
	for _, a := range []string{"198.18.0.130:80", "198.18.0.131:80", "[fd99::3]:80"} {
		listen(t, a) // fails unless the address can be used at once
	}
}

// BenchmarkSockets dumps a namespace with 28,000 sockets in TIME_WAIT.
func BenchmarkSockets(b *testing.B) {
	namespace(b)
	sysctl(b, "net.ipv4.ip_local_port_range", "20000 29999")
	var dst []netip.AddrPort
	for i := range 4 { // below the step at half the range, for speed
		s := listen(b, fmt.Sprintf("127.0.0.%d:80", i+1))
		if made, err := s.timeWaits(s.addr, 7000); err != nil {
			b.Fatalf("after %d: %v", made, err)
		}
		dst = append(dst, s.ap)
	}
	s, err := NewSockets(dst, Remote)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		got, err := s.Count()
		if err != nil {
			b.Fatal(err)
		}
		if len(got) != 4 {
			b.Fatalf("%v", got)
		}
	}
}

// BenchmarkSample takes what a sample reads out of /proc.
func BenchmarkSample(b *testing.B) {
	p, err := NewProcesses("nginx")
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"counters":  func() error { _, err := ReadCounters(); return err },
		"sockstat":  func() error { _, err := ReadTimeWait(); return err },
		"steal":     func() error { _, err := ReadSteal(); return err },
		"processes": func() error { _, err := p.Poll(); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var before, after unix.Rusage
			unix.Getrusage(unix.RUSAGE_SELF, &before)
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
			unix.Getrusage(unix.RUSAGE_SELF, &after)
			used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
		})
	}
}

// TestCreatedByTheSocketsIsTW makes TIME_WAITs, lets connect() reuse half of them,
// and counts those made without TW's help, as on a kernel on which TW has not
// counted any of them yet. No timer runs out meanwhile.
func TestCreatedByTheSocketsIsTW(t *testing.T) {
	namespace(t)
	sysctl(t, "net.ipv4.ip_local_port_range", "20000 20099")
	sysctl(t, "net.ipv4.tcp_tw_reuse", "1")
	s := listen(t, "127.0.0.1:80")
	make := func(n int) {
		t.Helper()
		if made, err := s.timeWaits(s.addr, n); err != nil {
			t.Fatalf("%d TIME_WAITs, then %v", made, err)
		}
	}
	make(7) // of before
	before, err := ReadCounters()
	if err != nil {
		t.Fatal(err)
	}
	held, err := ReadTimeWait()
	if err != nil {
		t.Fatal(err)
	}
	w := NewTimeWaits(held, nil)
	make(93)
	time.Sleep(2100 * time.Millisecond) // a second and its tick, where the kernel counts whole ones
	make(50)
	level, err := ReadTimeWait()
	if err != nil {
		t.Fatal(err)
	}
	now, err := ReadCounters()
	if err != nil {
		t.Fatal(err)
	}
	counted := now.Since(before)
	if counted[timeWaitRecycled] != 50 {
		t.Errorf("%d reused, want 50", counted[timeWaitRecycled])
	}
	sockets := look{level: level, recycled: counted[timeWaitRecycled]}.counters()
	NewTimeWaits(held, new(true)).Convert(level, sockets)
	w.Convert(level, counted)
	if got, want := sockets[timeWaitCreated], counted[timeWaitCreated]; got != want || want != 143 {
		t.Errorf("%d made by the sockets, %d by TW (at the end: %v); want 143 by both", got, want, w.AtEnd())
	}
}
