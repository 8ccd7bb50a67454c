//go:build !linux

package diagnose

import "context"

// Look fails: a host is looked at on Linux only.
func Look(context.Context, Target) (*Snapshot, error) { return nil, ErrNotLinux }
