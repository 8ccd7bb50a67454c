package diagnose

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lab99/lab99/internal/format"
)

// overflow: tcp_max_tw_buckets has thrown TIME_WAITs away.
func overflow(v *view) {
	if n := v.seen.Counters["time_wait_overflow"]; n > 0 {
		v.say(Warning, "set net.ipv4.tcp_max_tw_buckets above the number of ports, "+
			"and mend the shortage that then shows",
			"%s TIME_WAITs were dropped since the namespace began, "+
				"as there were more than net.ipv4.tcp_max_tw_buckets = %s: "+
				"that hides a shortage of ports, and the protection of TIME_WAIT is lost for them",
			format.Grouped(n), v.Sysctls["net.ipv4.tcp_max_tw_buckets"])
	}
}

// reuseWithoutTimestamps: tcp_tw_reuse is on in vain.
func reuseWithoutTimestamps(v *view) {
	if v.Sysctls["net.ipv4.tcp_tw_reuse"] == "1" && v.Sysctls["net.ipv4.tcp_timestamps"] == "0" {
		v.say(Warning, "sysctl -w net.ipv4.tcp_timestamps=1",
			"net.ipv4.tcp_tw_reuse is 1 and does nothing, because net.ipv4.tcp_timestamps is 0")
	}
}

// inherited are the sysctls that somebody may have set on the host and expects in a
// container, with the kernel's defaults, which a new namespace begins with.
var inherited = map[string]string{
	"net.ipv4.ip_local_port_range":     "32768 60999",
	"net.ipv4.tcp_tw_reuse":            "2",
	"net.ipv4.ip_local_reserved_ports": "",
	"net.ipv4.tcp_fin_timeout":         "60",
}

// notInherited: a container has the kernel's defaults where the host has other settings.
func notInherited(v *view) {
	at := slices.IndexFunc(v.snapshot.Namespaces, func(x Namespace) bool { return x.Host && !x.Outside })
	if at < 0 || v.snapshot.Namespaces[at].Inode == v.Inode || !v.Member || len(v.Tuples) == 0 {
		return
	}
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(inherited)) {
		host, hostHas := v.snapshot.Namespaces[at].Sysctls[name]
		if own, has := v.Sysctls[name]; has && hostHas && own != host && own == inherited[name] {
			differ = append(differ, fmt.Sprintf("%s is %q, and %q on the host", name, own, host))
		}
	}
	if differ != nil {
		v.say(Note, "set it for the container: docker run --sysctl, or securityContext.sysctls of a pod",
			"%s: a network namespace does not inherit it", format.List(differ))
	}
}
