//go:build !linux

package agent

import (
	"errors"
	"net/netip"
	"time"
)

func connectAndReset(netip.AddrPort, bool, time.Duration) (string, error) {
	return "", errors.New("hosts of a lab are Linux")
}
