package driver

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// machineID is of this boot and this PID namespace.
func machineID() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	pids, lerr := os.Readlink("/proc/self/ns/pid")
	if err != nil || lerr != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "-" + strings.Trim(pids, "pid:[]")
}

// startOf is when a process started, in the kernel's ticks: field 22 of its stat,
// the 20th after the name, which may contain anything.
func startOf(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 20 {
		return ""
	}
	return f[19]
}
