package trial

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ipLocalPortRange is IP_LOCAL_PORT_RANGE of linux/in.h.
const ipLocalPortRange = 51

// inARow is enough ports to tell every second one from each: with both parities
// the chance of one only is nil, for they come in order.
const inARow = 16

// portRange opens connections in a range of their own. The kernel hands ports out in
// order, from a start by chance. With the step it takes every second one, those
// of the low end's parity, until these are gone.
func portRange(b *bench) error {
	option := func(fd int) error {
		const low, high = lowPort, lowPort + width - 1
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, ipLocalPortRange, low|high<<16)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if b.found.LocalPortRange, err = decide(option(fd)); err != nil {
		return err
	}
	if !*b.found.LocalPortRange {
		b.found.LocalPortRangeRemovesStep = new(false)
		return nil
	}
	l, err := b.listen(portRangeOption, inARow)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	var ports []int
	for range inARow {
		fd, _, err := b.dial(portRangeOption, option)
		if err != nil {
			return err
		}
		defer abort(fd)
		port, err := localPort(fd)
		if err != nil {
			return err
		}
		ports = append(ports, port)
	}
	removed, err := parityMixed(ports, lowPort, lowPort+width-1)
	b.found.LocalPortRangeRemovesStep = removed
	return err
}

// parityMixed says whether ports are of both parities. They must be of the range
// that was asked for.
func parityMixed(ports []int, low, high int) (*bool, error) {
	mixed := false
	for _, p := range ports {
		if p < low || p > high {
			return nil, fmt.Errorf("asked for a port of %d to %d, it gave %d", low, high, p)
		}
		mixed = mixed || (p-low)%2 != 0
	}
	return &mixed, nil
}
