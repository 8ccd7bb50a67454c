package scenarios

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// sysctlNames are those of net.core and net.ipv4 that some kernel has: Linux 6.18, with
// one that is gone since 4.12 (tcp_tw_recycle), one that came in 7.1
// (ip_local_port_step_width), and one of Alibaba Cloud Linux (tcp_tw_timeout).
// Whether a network namespace has them is another matter.
//
//go:embed sysctls.txt
var sysctlNames string

// listed are the sysctls that sysctlNames would have. Others belong to an interface, or
// come with a module, and no list has them all.
var listed = regexp.MustCompile(`^net\.(core|ipv4)\.[^.]+$`)

// Misspelt is the mistake of a variant that asks for a sysctl which no known kernel
// has, nil if one may have it. It is for names that the kernel at hand lacks: a kernel
// newer than the list may have more.
func Misspelt(r *Resolved, v Variant, sysctl string) error {
	known := strings.Fields(sysctlNames)
	if !listed.MatchString(sysctl) || slices.Contains(known, sysctl) {
		return nil
	}
	e := &Error{
		File: r.Name, Msg: fmt.Sprintf("proxy.sysctls of %s: neither this kernel nor any that is known has %s",
			v.Name, sysctl),
		Hint: "`sysctl -aN` lists those of a kernel",
	}
	dir := sysctl[:strings.LastIndexByte(sysctl, '.')+1]
	var beside []string // the common beginning would make all of them alike
	for _, k := range known {
		if name, ok := strings.CutPrefix(k, dir); ok {
			beside = append(beside, name)
		}
	}
	if best := nearest(strings.TrimPrefix(sysctl, dir), beside); best != "" {
		e.Hint = fmt.Sprintf("did you mean %s%s?", dir, best)
	}
	return e
}
