package probe

import (
	"os"
	"strings"
)

// NetNS names the calling thread's network namespace: two processes of one kernel
// that are in the same one, and only those, have the same name. "" if it cannot be
// told.
func NetNS() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // an inode alone is no name on another machine
	if err != nil {
		return ""
	}
	ns, err := ownNetNS()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + ns
}

// ownNetNS is the calling thread's network namespace, as its link has it: a name on
// this machine only.
func ownNetNS() (string, error) { return os.Readlink("/proc/thread-self/ns/net") }
