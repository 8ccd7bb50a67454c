package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// relevantSysctls decide how soon and whether a proxy runs out of source
// ports, or explain why a run did not go as predicted.
var relevantSysctls = []string{
	"net.core.somaxconn",
	portRange,
	"net.ipv4.ip_local_port_step_width", // new in 2026: changes the order in which connect() tries ports
	reservedPorts,
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_max_syn_backlog",
	"net.ipv4.tcp_max_tw_buckets",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_timestamps",
	"net.ipv4.tcp_tw_reuse",
	"net.ipv4.tcp_tw_reuse_delay",
	"net.netfilter.nf_conntrack_count",
	"net.netfilter.nf_conntrack_max",
}

// Sysctls reads back the sysctls that matter, and more by name, as the calling
// thread's network namespace has them. One this kernel does not have is left
// out. Values are as sysctl(8) prints them, with runs of blanks made one space.
func Sysctls(more ...string) map[string]string {
	m := make(map[string]string, len(relevantSysctls)+len(more))
	all := sysctls{}
	defer all.close()
	for _, name := range slices.Concat(relevantSysctls, more) {
		if v, err := all.read(name); err == nil {
			m[name] = v
		}
	}
	return m
}

// readSysctl reads one. /proc/sys/net shows the namespace of the thread that
// looks it up, so there is nothing to pass.
func readSysctl(name string) (string, error) {
	text, err := ReadSmall(proc + "/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return "", fmt.Errorf("read sysctl %s: %w", name, err)
	}
	return onOneLine(text), nil
}

// onOneLine makes one blank of each run of them.
func onOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// SetSysctl sets one of the calling thread's network namespace. Other sysctls are the
// machine's, and none of those is ever written.
func SetSysctl(key, value string) error {
	if !strings.HasPrefix(key, "net.") {
		return fmt.Errorf("sysctl %s is not of a network namespace: only net.* can be set for one host of a lab", key)
	}
	file := filepath.Join("/proc/sys", strings.ReplaceAll(key, ".", "/"))
	if !strings.HasPrefix(file, "/proc/sys/net/") {
		return fmt.Errorf("sysctl %q is no name of a sysctl", key)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0) // not WriteFile, which would try to make it
	if err != nil {
		return fmt.Errorf("set %s, which this kernel may not have in a namespace: %w", key, err)
	}
	defer f.Close()
	if _, err := f.WriteString(value); err != nil {
		return fmt.Errorf("set %s to %q: %w", key, value, err)
	}
	return nil
}

// LackingSysctls are those of the names that the calling thread's network
// namespace does not have. What belongs to an interface is left out, as that may
// come later.
func LackingSysctls(names ...string) []string {
	if _, err := os.Stat(proc + "/sys/net/ipv4"); err != nil {
		return nil // it shows none at all, and so tells nothing
	}
	var lacking []string
	for _, name := range names {
		if ofInterface.MatchString(name) {
			continue
		}
		_, err := os.Stat(proc + "/sys/" + strings.ReplaceAll(name, ".", "/"))
		if errors.Is(err, fs.ErrNotExist) {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// ofInterface are the sysctls of one network interface, and not of all.
var ofInterface = regexp.MustCompile(`^net\.(ipv4|ipv6|mpls)\.(conf|neigh)\.`)
