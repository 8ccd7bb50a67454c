package driver

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Here describes this machine, without an engine. What it cannot tell is zero.
func Here() Machine {
	m := Machine{CPUs: runtime.NumCPU()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel, m.Arch = unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
	}
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) == nil {
		m.MemoryMiB = int(uint64(s.Totalram) * uint64(s.Unit) >> 20)
	}
	return m
}
