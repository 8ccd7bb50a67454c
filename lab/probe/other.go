//go:build !linux

package probe

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"syscall"

	"github.com/lab99/lab99/results"
)

// errNotLinux is what every probe of the kernel returns elsewhere.
var errNotLinux = errors.New("sockets, processes and addresses of a lab host are read on Linux only")

// Sockets counts sockets on Linux.
type Sockets struct{}

// NewSockets fails: there is no sock_diag here.
func NewSockets([]netip.AddrPort, Side) (*Sockets, error) { return nil, errNotLinux }

// Count fails.
func (*Sockets) Count() ([]results.Sockets, error) { return nil, errNotLinux }

// Close does nothing.
func (*Sockets) Close() error { return nil }

// UsablePorts fails.
func UsablePorts() (Ports, error) { return Ports{}, errNotLinux }

// ReadPortRange fails.
func ReadPortRange() (PortRange, error) { return PortRange{}, errNotLinux }

// Connections fails.
func Connections(func(), func(Connection), func(netip.AddrPort)) error { return errNotLinux }

// Syslog is read on Linux.
type Syslog struct{ Lines }

// NewSyslog fails.
func NewSyslog(netip.AddrPort, Log, int) (*Syslog, error) { return nil, errNotLinux }

// Poll fails.
func (*Syslog) Poll() error { return errNotLinux }

// Drain fails.
func (*Syslog) Drain(context.Context) error { return errNotLinux }

// Close does nothing.
func (*Syslog) Close() error { return nil }

// RemoteOf fails.
func RemoteOf(syscall.Conn) (netip.AddrPort, error) { return netip.AddrPort{}, errNotLinux }

// AddAddr fails.
func AddAddr(string, netip.Prefix) error { return errNotLinux }

// Processes observes a server on Linux.
type Processes struct{}

// NewProcesses fails.
func NewProcesses(...string) (*Processes, error) { return nil, errNotLinux }

// Poll fails.
func (*Processes) Poll() (Usage, error) { return Usage{}, errNotLinux }

// NoFile fails.
func (*Processes) NoFile() (uint64, error) { return 0, errNotLinux }

// Changes says nothing.
func (*Processes) Changes() []ProcessChange { return nil }

// Invariants are watched on Linux.
type Invariants struct{}

// NewInvariants fails.
func NewInvariants([]string, string) (*Invariants, error) { return nil, errNotLinux }

// Changes fails.
func (*Invariants) Changes() ([]string, error) { return nil, errNotLinux }

// Path fails.
func (*Processes) Path(string) (string, error) { return "", errNotLinux }

// NetNS knows of none.
func NetNS() string { return "" }

// readTable reads a file.
func readTable(name string) (string, error) { return ReadSmall(name) }

// openTable opens a file.
func openTable(name string) (io.ReadCloser, error) { return os.Open(name) }

type sysctls struct{}

func (sysctls) read(name string) (string, error) { return readSysctl(name) }
func (sysctls) close()                           {}

// ReadSmall reads a file.
func ReadSmall(name string) (string, error) {
	b, err := os.ReadFile(name)
	return string(b), err
}
