package probe

import (
	"fmt"
	"net/netip"

	"github.com/lab99/lab99/results"
)

// Sockets counts TCP sockets towards a set of destinations, through sock_diag.
// Not for concurrent use.
type Sockets struct {
	diag  *diag
	tally *tally
}

// NewSockets opens a counter of the calling thread's network namespace.
func NewSockets(dst []netip.AddrPort, side Side) (*Sockets, error) {
	for _, d := range dst {
		if !d.IsValid() {
			return nil, fmt.Errorf("count sockets: destination %v is not an address and port", d)
		}
	}
	d, err := openDiag()
	if err != nil {
		return nil, err
	}
	return &Sockets{diag: d, tally: newTally(dst, side)}, nil
}

// Count returns the sockets of every destination by state, sorted by
// destination and state; pairs without a socket are left out, and so are
// listeners.
//
// A connection the kernel shrank to a mini-socket while it waited in
// FIN_WAIT2 is "fin-wait-2" here, as in ss(8), although sockstat counts it as
// tw: it ends with tcp_fin_timeout and tcp_tw_reuse does not apply to it.
func (s *Sockets) Count() ([]results.Sockets, error) {
	if err := s.diag.dump(connectionStates, s.tally.reset, s.tally.add); err != nil {
		return nil, fmt.Errorf("count sockets: %w", err)
	}
	return s.tally.result(), nil
}

// Close closes the sock_diag socket.
func (s *Sockets) Close() error { return s.diag.close() }
