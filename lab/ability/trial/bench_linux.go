package trial

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/ability"
)

// bench is the namespace that is worked in.
type bench struct {
	found  ability.Found
	unable map[string]string

	addr  netip.Addr // of the server, on lo
	ports [2]int     // the range, once prepared
	wide  error      // why the range is not as wanted
}

// wholeRange, as numbers.
const (
	lowPort = 20000
	width   = 4096
)

// Destination ports, one a step, outside the range.
const (
	portTimeWait = 7001 + iota
	portDestroy
	portRangeOption
	portScan
	portReuse
)

// own is an address that tcp_tw_reuse does not take for loopback's.
var own = netip.MustParseAddr("10.9.9.9")

// prepare makes the namespace as the steps want it. What does not work is met
// again by the step that needs it.
func (b *bench) prepare() {
	b.addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if lo, err := netlink.LinkByName("lo"); err == nil {
		netlink.LinkSetUp(lo) // an engine has done so
		mask := net.CIDRMask(32, 32)
		if netlink.AddrAdd(lo, &netlink.Addr{IPNet: &net.IPNet{IP: own.AsSlice(), Mask: mask}}) == nil {
			b.addr = own
		}
	}
	b.wide = setSysctl("ip_local_port_range", wholeRange)
	b.ports, _ = readRange()
	// A TIME_WAIT must stay one while the cost of its port is measured. The reuse
	// of loopback's is the default.
	setSysctl("tcp_tw_reuse", "0")
	setSysctl("ip_local_port_step_width", "0")
	setSysctl("tcp_max_tw_buckets", "65536")
}

const sysctls = "/proc/sys/net/ipv4/"

// setSysctl sets one of this network namespace's.
func setSysctl(name, value string) error {
	err := os.WriteFile(sysctls+name, []byte(value), 0)
	if err != nil {
		return fmt.Errorf("net.ipv4.%s cannot be set: %w", name, errors.Unwrap(err))
	}
	return nil
}

func readSysctl(name string) (string, error) {
	b, err := os.ReadFile(sysctls + name)
	return strings.Join(strings.Fields(string(b)), " "), err
}

// hasSysctl says whether the kernel has a sysctl; the error says why that cannot be
// told.
func hasSysctl(name string) (*bool, error) {
	if _, err := readRange(); err != nil {
		return nil, err // there is no /proc/sys at all
	}
	_, err := os.Stat(sysctls + name)
	return decide(err)
}

func readRange() (r [2]int, err error) {
	s, err := readSysctl("ip_local_port_range")
	if err != nil {
		return r, err
	}
	_, err = fmt.Sscan(s, &r[0], &r[1])
	return r, err
}

// patience bounds what happens within the system call that asks for it, unless
// the machine is busy.
const patience = time.Second

// listen opens a server on a port.
func (b *bench) listen(port, backlog int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: b.addr.As4()}); err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("listen on %v port %d: %w", b.addr, port, err)
	}
	return fd, nil
}

// dial opens a connection and says what connect() cost. It does not wait for the
// connection, which over lo is usually there when connect() returns.
//
// Raw system calls: Go's scheduler may give the thread's place to another while
// it is inside an ordinary one, and getting it back is not the kernel's time.
func (b *bench) dial(port int, options ...func(fd int) error) (fd int, cost time.Duration, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, 0, err
	}
	for _, set := range options {
		if err := set(fd); err != nil {
			unix.Close(fd)
			return -1, 0, err
		}
	}
	to := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: uint16(port)<<8 | uint16(port)>>8, Addr: b.addr.As4()}
	if bigEndian {
		to.Port = uint16(port)
	}
	began := time.Now()
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&to)), unsafe.Sizeof(to))
	cost = time.Since(began)
	if errno != 0 && errno != unix.EINPROGRESS {
		unix.Close(fd)
		return -1, cost, errno
	}
	return fd, cost, nil
}

var bigEndian = func() bool {
	n := uint16(1)
	return *(*byte)(unsafe.Pointer(&n)) == 0
}()

// accept takes the next connection off a listener.
func accept(listener int) (int, error) {
	for by := time.Now().Add(patience); ; {
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != unix.EAGAIN && err != unix.EINTR {
			return fd, err
		}
		left := time.Until(by)
		if left <= 0 {
			return -1, fmt.Errorf("no connection came in %v", patience)
		}
		unix.Poll([]unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
	}
}

// timeWait makes a connection that the client closes first. The client's side is
// in TIME_WAIT when it returns, unless the machine is busy.
func (b *bench) timeWait(listener, port int) error {
	client, _, err := b.dial(port)
	if err != nil {
		return err
	}
	server, err := accept(listener)
	unix.Close(client)
	if err != nil {
		return err
	}
	return unix.Close(server)
}

// abort closes a connection with a reset, which leaves no TIME_WAIT.
func abort(fd int) {
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(fd)
}

// localPort is the port that connect() took.
func localPort(fd int) (int, error) {
	a, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	in4, ok := a.(*unix.SockaddrInet4)
	if !ok {
		return 0, errors.New("the local address is not of IPv4")
	}
	return in4.Port, nil
}
