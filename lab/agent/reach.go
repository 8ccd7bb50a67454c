package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// try succeeds when each host answers a SYN, be it with a RST because nothing listens
// yet. Only packets that are lost on the way get no answer at all.
func (r *Reach) try(ctx context.Context) error {
	d := net.Dialer{Timeout: time.Duration(r.TimeoutMs) * time.Millisecond}
	for _, to := range r.Hosts {
		c, err := d.DialContext(ctx, "tcp", to.String())
		if err == nil {
			c.Close()
			continue
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("no answer from %s: %w", to.Addr(), err)
		}
	}
	return nil
}
