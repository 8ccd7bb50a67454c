package diagnose

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/clock"
)

// A load is what a child of the test does in a network namespace of its own: it
// connects at a schedule, for real, and says when connect() first fails.
type load struct {
	Low, High int
	Sysctls   map[string]string
	Addresses []string // added to lo
	Sources   []string // taken in turn; none: the kernel chooses
	To        []target

	PerS     float64 // at first
	Ramp     float64 // more each second
	StepAtS  float64 // when the rate becomes StepPerS
	StepPerS float64
	Poisson  bool
	Burst    int // connections at once, as many a second as PerS says
	Seed     uint64

	HoldS    float64 // how long a connection lives
	Other    float64 // share that the accepting side closes first
	Pool     int     // connections that are made first and stay
	ForS     float64 // how long the load lasts
	AtTaken  []int   // how many TIME_WAITs and live connections there are when it is looked at
	AtS      []float64
	StopAtS  float64 // when it ends without an error
	ListenIn int     // a listener on this port of the range
	Name     string  // what the process calls itself

	BindFirst bool // bind() chooses the ports, and fails with error 98
}

// target is a destination with its share of the connections.
type target struct {
	To    string
	Share float64
}

// said is what the child tells.
type said struct {
	Look   int   `json:"look,omitempty"` // it is time for this look, from 1
	Error  bool  `json:"error,omitempty"`
	MonoNs int64 `json:"mono_ns"`
	CPUNs  int64 `json:"cpu_ns"` // that the child has used: what its connect() costs, however busy the machine is

	// LateS is how late the load was at the most so far. It then makes up for it, which is
	// another load than the one that was asked for.
	LateS float64 `json:"late_s"`
}

const loadOfChild = "LAB99_DIAGNOSE_LOAD"

func TestMain(m *testing.M) {
	if text := os.Getenv(loadOfChild); text != "" {
		var l load
		err := json.Unmarshal([]byte(text), &l)
		if err == nil {
			err = l.run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "load:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(lookOfChild) != "" {
		if err := lookAndPrint(); err != nil {
			fmt.Fprintln(os.Stderr, "look:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// running is a child and what it tells.
type running struct {
	cmd  *exec.Cmd
	told chan said
	end  func() // which may be called twice
}

// start runs a load in a new network namespace until the test ends.
func (l load) start(t testing.TB) *running {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), loadOfChild+"="+string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	// No Pdeathsig: it is about the thread that starts the child, and Look ends threads.
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // the child goes on until it is closed
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{cmd: cmd, told: make(chan said, 16)}
	go func() {
		defer close(r.told)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var s said
			if json.Unmarshal(lines.Bytes(), &s) == nil {
				r.told <- s
			}
		}
	}()
	r.end = sync.OnceFunc(func() {
		stdin.Close()
		for range r.told { // until its output ends: Wait would cut it off
		}
		cmd.Wait()
	})
	t.Cleanup(r.end)
	return r
}

func say(s said) {
	s.MonoNs = clock.Mono()
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		s.CPUNs = used.Utime.Nano() + used.Stime.Nano()
	}
	json.NewEncoder(os.Stdout).Encode(s)
}

type open struct {
	client, accepted int
	until            float64
	other            bool
}

// run makes the connections, all on one thread.
func (l *load) run() error {
	if err := l.prepare(); err != nil {
		return err
	}
	if l.Name != "" {
		if err := os.WriteFile("/proc/self/comm", []byte(l.Name), 0); err != nil {
			return err
		}
	}
	listeners := make([]int, len(l.To))
	for i, to := range l.To {
		var err error
		if listeners[i], err = listenAt(netip.MustParseAddrPort(to.To)); err != nil {
			return err
		}
	}
	if l.ListenIn != 0 {
		if _, err := listenAt(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.11"), uint16(l.ListenIn))); err != nil {
			return err
		}
	}
	if err := reachable(netip.MustParseAddrPort(l.To[0].To)); err != nil {
		return err
	}
	// The load is what the test is about, not how it shares a machine with others; and all
	// loads of a test are there before one begins.
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, -15); err != nil {
		return err
	}
	time.Sleep(500 * time.Millisecond)
	random := rand.New(rand.NewPCG(l.Seed, 0))
	begin := time.Now()
	now := func() float64 { return time.Since(begin).Seconds() }
	var live []open
	made, waiting, looks, failed, late := 0, 0, 0, false, 0.0
	look := func() {
		for len(l.AtTaken)+len(l.AtS) > looks {
			if looks < len(l.AtTaken) {
				if waiting+len(live) < l.AtTaken[looks] {
					return
				}
			} else if now() < l.AtS[looks-len(l.AtTaken)] {
				return
			}
			looks++
			say(said{Look: looks, LateS: late})
		}
	}
	finish := func(at float64) {
		for len(live) > 0 && live[0].until <= at {
			c := live[0]
			live = live[1:]
			if c.other {
				unix.Close(c.accepted)
				unix.Close(c.client)
			} else {
				unix.Close(c.client)
				unix.Close(c.accepted)
				waiting++
			}
		}
	}
	share := make([]float64, len(l.To)) // how far behind each destination is
	connect := func(hold float64) error {
		most := 0
		for i := range share {
			share[i] += cmp.Or(l.To[i].Share, 1/float64(len(l.To)))
			if share[i] > share[most] {
				most = i
			}
		}
		share[most]--
		source := ""
		if len(l.Sources) > 0 {
			source = l.Sources[made%len(l.Sources)]
		}
		by := connectTo
		if l.BindFirst {
			by = bindThenConnect
		}
		client, accepted, err := by(netip.MustParseAddrPort(l.To[most].To), source, listeners[most])
		if errors.Is(err, unix.EADDRNOTAVAIL) || l.BindFirst && errors.Is(err, unix.EADDRINUSE) {
			if !failed {
				failed = true
				say(said{Error: true, LateS: late})
			}
			return nil
		}
		if err != nil {
			return err
		}
		made++
		live = append(live, open{client, accepted, now() + hold, random.Float64() < l.Other})
		return nil
	}
	for range l.Pool {
		if err := connect(1e9); err != nil {
			return err
		}
	}
	next, at := 0.0, 0.0
	for at = 0; at < l.ForS && !failed; {
		rate := l.PerS + l.Ramp*at
		if l.StepAtS > 0 && at >= l.StepAtS {
			rate = l.StepPerS
		}
		n := max(l.Burst, 1)
		// The next one comes when the rate has added up to it.
		switch want := float64(n); {
		case l.Poisson:
			next = at + random.ExpFloat64()/rate
		case l.Ramp > 0:
			next = at + (math.Sqrt(rate*rate+2*l.Ramp*want)-rate)/l.Ramp
		default:
			next = at + want/rate
		}
		for now() < at {
			finish(now())
			look()
			time.Sleep(min(time.Duration((at-now())*1e9), 10*time.Millisecond))
		}
		late = max(late, now()-at)
		for range n {
			if err := connect(l.HoldS); err != nil {
				return err
			}
			finish(now())
		}
		look()
		at = next
	}
	for len(l.AtTaken)+len(l.AtS) > looks && !failed {
		finish(now())
		look()
		time.Sleep(5 * time.Millisecond)
	}
	os.Stdin.Read(make([]byte, 1)) // until the test has seen enough
	return nil
}

func (l *load) prepare() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	for _, text := range l.Addresses {
		a, err := netlink.ParseAddr(text)
		if err != nil {
			return err
		}
		a.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(lo, a); err != nil {
			return fmt.Errorf("add %s: %w", text, err)
		}
	}
	all := map[string]string{"net.ipv4.ip_local_port_range": fmt.Sprintf("%d %d", l.Low, l.High)}
	maps.Copy(all, l.Sysctls)
	for name, value := range all {
		if err := os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), []byte(value), 0); err != nil {
			return err
		}
	}
	return nil
}

// reachable waits until an address may be used: one of IPv6 is ready when a worker of the
// kernel has run.
func reachable(to netip.AddrPort) error {
	for tries := 0; ; tries++ {
		fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if to.Addr().Is6() {
			err = unix.Connect(fd, sockaddrOf(to))
		}
		unix.Close(fd)
		if err == nil || tries == 200 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func socketFor(a netip.Addr) (int, error) {
	family := unix.AF_INET
	if a.Is6() {
		family = unix.AF_INET6
	}
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}

func sockaddrOf(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func listenAt(a netip.AddrPort) (int, error) {
	fd, err := socketFor(a.Addr())
	if err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, sockaddrOf(a)); err != nil {
		return 0, fmt.Errorf("bind %v: %w", a, err)
	}
	return fd, unix.Listen(fd, 512)
}

func connectTo(to netip.AddrPort, source string, listener int) (client, accepted int, err error) {
	if client, err = socketFor(to.Addr()); err != nil {
		return 0, 0, err
	}
	if source != "" {
		if err := unix.SetsockoptInt(client, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return 0, 0, err
		}
		if err := unix.Bind(client, sockaddrOf(netip.AddrPortFrom(netip.MustParseAddr(source), 0))); err != nil {
			return 0, 0, err
		}
	}
	if err := unix.Connect(client, sockaddrOf(to)); err != nil {
		unix.Close(client)
		return 0, 0, err
	}
	accepted, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return client, accepted, err
}
