//go:build !linux

package driver

import "runtime"

// Here describes this machine, without an engine. What it cannot tell is zero.
func Here() Machine { return Machine{CPUs: runtime.NumCPU(), NoFile: noFile()} }

// Routes tells nothing: containers run in a virtual machine with routes of its
// own.
func Routes() ([]Route, error) { return nil, nil }
