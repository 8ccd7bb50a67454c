//go:build !linux

package driver

import "runtime"

// Here describes this machine, without an engine. What it cannot tell is zero.
func Here() Machine { return Machine{CPUs: runtime.NumCPU()} }
