package probe

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// diagAttempts bounds how often an interrupted dump is made again.
const diagAttempts = 4

// diagBuffer is more than one read ever fills: the kernel makes dumps of 32 KiB at the
// most (netlink_recvmsg, net/netlink/af_netlink.c).
const diagBuffer = 64 << 10

// buffers are used again: a look at a host opens a socket in each network namespace.
var buffers = sync.Pool{New: func() any { return new([diagBuffer]byte) }}

// diag is a sock_diag socket. It sees the network namespace in which it was
// opened. Not for concurrent use: netlink serves one dump at a time.
type diag struct {
	fd  int
	seq uint32
	req [requestLen]byte
	buf *[diagBuffer]byte
}

func openDiag() (*diag, error) {
	d := &diag{fd: -1}
	return d, d.open()
}

func (d *diag) open() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return fmt.Errorf("open a sock_diag socket: %w", err)
	}
	// A probe that hangs would take the agent with it.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		unix.Close(fd)
		return fmt.Errorf("set a receive timeout on the sock_diag socket: %w", err)
	}
	d.fd, d.buf = fd, buffers.Get().(*[diagBuffer]byte)
	return nil
}

func (d *diag) close() error {
	if d.fd < 0 {
		return nil
	}
	err := unix.Close(d.fd)
	buffers.Put(d.buf)
	d.fd, d.buf = -1, nil
	return err
}

// dump shows every TCP socket in one of the states to visit, of both families; listeners
// come first. reset is called before each attempt, so that an interrupted one leaves
// nothing behind. A dump takes several reads and is no snapshot: a socket that
// changes buckets meanwhile may be seen twice or not at all.
func (d *diag) dump(states uint32, reset func(), visit func(diagMsg)) error {
	var err error
	for range diagAttempts {
		reset()
		if err = d.dumpOnce(states, visit); !errors.Is(err, errInterrupted) {
			break
		}
	}
	if err != nil {
		// What was not read of this dump would answer the next request with
		// EBUSY; a new socket is the clean start.
		d.close()
	}
	return err
}

func (d *diag) dumpOnce(states uint32, visit func(diagMsg)) error {
	if d.fd < 0 {
		if err := d.open(); err != nil {
			return err
		}
	}
	d.seq++
	putRequest(&d.req, d.seq, states)
	// write and read rather than sendto and recvmsg: the address would be
	// garbage on every call. An unconnected netlink socket talks to the kernel.
	if _, err := unix.Write(d.fd, d.req[:]); err != nil {
		return fmt.Errorf("ask sock_diag for sockets: %w", err)
	}
	interrupted := false
	for {
		n, err := unix.Read(d.fd, d.buf[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("read sockets from sock_diag: %w", err)
		}
		done, err := parseDiag(d.buf[:n], d.seq, visit)
		if errors.Is(err, errInterrupted) {
			interrupted = true // read on: the rest of this dump is still queued
		} else if err != nil {
			return err
		}
		if done && interrupted {
			return errInterrupted
		}
		if done {
			return nil
		}
	}
}
