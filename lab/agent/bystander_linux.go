package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// connectAndReset makes one connection, as a program that knows nothing of
// nginx does, and ends it with a RST: a FIN would leave a TIME_WAIT on this
// side, and the bystander would be a load of its own. It returns the errno's
// name of a try that failed, and an error only for a try that could not be
// made.
//
// To bind means port 0 without IP_BIND_ADDRESS_NO_PORT: the kernel then picks
// the port before it knows the destination, so it must be free for all of
// them. Bare calls, because package net would try an EADDRNOTAVAIL three times
// over and count it once.
func connectAndReset(to netip.AddrPort, bind bool, timeout time.Duration) (errno string, err error) {
	family, any := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{})
	if to.Addr().Is6() {
		family, any = unix.AF_INET6, &unix.SockaddrInet6{}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("make a socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return "", fmt.Errorf("have the close reset the connection: %w", err)
	}
	if bind {
		if err := unix.Bind(fd, any); err != nil {
			return name(err), nil
		}
	}
	err = unix.Connect(fd, sockaddr(to))
	if errors.Is(err, unix.EINPROGRESS) {
		err = established(fd, timeout)
	}
	return name(err), nil
}

// established waits for the outcome of a connect under way.
func established(fd int, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(p, int(max(0, time.Until(deadline).Milliseconds())))
		switch {
		case errors.Is(err, unix.EINTR): // the runtime's own signals
			continue
		case err != nil:
			return err
		case n == 0:
			return unix.ETIMEDOUT
		}
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && code != 0 {
			err = unix.Errno(code)
		}
		return err
	}
}

func name(err error) string {
	var e unix.Errno
	if err == nil || !errors.As(err, &e) {
		return ""
	}
	return unix.ErrnoName(e)
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is6() {
		return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
}
