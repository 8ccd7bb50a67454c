package diagnose

import (
	"fmt"

	"github.com/lab99/lab99/internal/format"
)

// boundPorts: somebody listens on ports of the range, or has bound them.
func boundPorts(v *view) {
	p := v.Ports
	if p == nil || len(p.Bound) == 0 || len(v.Tuples) == 0 {
		return
	}
	n := len(p.Bound)
	v.say(Note, "move the listeners out of the range, or the range away from them",
		"%s of the range %d-%d %s taken by somebody who bound %s (%s): connect() skips %s towards every destination",
		format.Plural(n, "port"), p.Low, p.High, is(n), it(n), some(p.Bound), it(n))
}

// reservedPorts: a good part of the range is reserved.
func reservedPorts(v *view) {
	p := v.Ports
	if p == nil || len(v.Tuples) == 0 {
		return
	}
	if whole := p.High - p.Low + 1; p.Reserved*10 >= whole {
		v.say(Warning, "take ports that nobody listens on out of net.ipv4.ip_local_reserved_ports, "+
			"or widen net.ipv4.ip_local_port_range",
			"%s of %s ports of the range are reserved: %s are left",
			format.Grouped(p.Reserved), format.Grouped(whole), format.Grouped(p.Usable))
	}
}

func is(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func it(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// some are the first few of many ports.
func some(ports []uint16) string {
	const shown = 5
	var all []string
	for _, p := range ports[:min(len(ports), shown)] {
		all = append(all, fmt.Sprint(p))
	}
	if len(ports) > shown {
		all = append(all, fmt.Sprintf("%d more", len(ports)-shown))
	}
	return format.List(all)
}
