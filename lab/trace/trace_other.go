//go:build !linux

package trace

import "errors"

// Trace counts; there is none on this system.
type Trace struct{}

// Start fails: eBPF is Linux's.
func Start(Options) (*Trace, error) {
	return nil, errors.New("connect() is traced by eBPF, which is there on Linux only")
}

// Counts fails.
func (*Trace) Counts() (*Counts, error) { return nil, errors.New("nothing is traced") }

// Close does nothing.
func (*Trace) Close() {}
