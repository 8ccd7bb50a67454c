package probe

import (
	"fmt"
	"net/netip"
	"time"
)

// TimeWaitsLeft is how long each TIME_WAIT towards a destination still has, by
// the kernel's timer: 60 s when it begins, falling a jiffy at a time. The timer
// wheel ends it later, by up to two seconds at HZ=250.
func TimeWaitsLeft(dst netip.AddrPort) ([]time.Duration, error) {
	d, err := openDiag()
	if err != nil {
		return nil, err
	}
	defer d.close()
	end := endpointOf(netip.AddrPortFrom(dst.Addr().Unmap().WithZone(""), dst.Port()))
	var left []time.Duration
	err = d.dump(1<<stateTimeWait, func() { left = left[:0] }, func(m diagMsg) {
		if m.remoteEnd() == end {
			left = append(left, m.remaining())
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read how long sockets are left: %w", err)
	}
	return left, nil
}
