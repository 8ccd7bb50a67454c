//go:build !linux

package diagnose

import (
	"context"
	"errors"
)

// Look fails: a host is looked at on Linux only.
func Look(context.Context, Target) (*Snapshot, error) {
	return nil, errors.New("sockets and namespaces of a host are read on Linux only")
}
