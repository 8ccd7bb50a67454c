package agent

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/results"
)

// minBystanderMs keeps the bystander from becoming a load of its own: each
// interval has three tries.
const minBystanderMs = 10

// tryTimeout is how long a try waits for an answer to its SYN: shorter than
// the kernel's first retransmission, so that a lost one shows.
const tryTimeout = 900 * time.Millisecond

// run tries one kind after the other, until ctx or the time ends.
func (b *Bystander) run(ctx context.Context, sample func(Record)) error {
	if b.IntervalMs < minBystanderMs || b.DurationS <= 0 {
		return fmt.Errorf("bystander: a try every %d ms for %g s: want at least %d ms, and a duration",
			b.IntervalMs, b.DurationS, minBystanderMs)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(time.Duration(b.StartInMs) * time.Millisecond):
	}
	ctx, cancel := context.WithTimeout(ctx, seconds(b.DurationS))
	defer cancel()
	every := time.NewTicker(time.Duration(b.IntervalMs) * time.Millisecond)
	defer every.Stop()
	for {
		for _, try := range []struct {
			kind string
			to   netip.AddrPort
			bind bool
		}{
			{results.BystanderBackend, b.Backend, false},
			{results.BystanderElsewhere, b.Elsewhere, false},
			{results.BystanderBind, b.Elsewhere, true},
		} {
			began := clock.Mono()
			errno, err := connectAndReset(try.to, try.bind, tryTimeout)
			if err != nil {
				return fmt.Errorf("bystander: %w", err)
			}
			sample(Record{Mono: began, Bystander: &results.Bystander{
				Kind: try.kind, Ms: float64(clock.Mono()-began) / 1e6, Errno: errno,
			}})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// listen opens a port and returns it; what comes in is dropped until the agent
// leaves. The peer has reset it by then: neither end keeps anything.
func (l *Listen) listen(ctx context.Context) (*netip.AddrPort, error) {
	ln, err := net.Listen("tcp4", netip.AddrPortFrom(l.Addr, 0).String())
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	return &at, nil
}
