package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Ports are the source ports connect() may choose from, towards one
// destination from one source address.
type Ports struct {
	Low      int      `json:"low"`      // ip_local_port_range, both ends inclusive
	High     int      `json:"high"`     //
	Reserved int      `json:"reserved"` // of the range, in ip_local_reserved_ports
	Bound    []uint16 `json:"bound"`    // of the rest, taken by a bind() of somebody's, ascending
	Usable   int      `json:"usable"`   // P
}

// PortRange is what the source ports of a network namespace are taken from.
type PortRange struct {
	Low, High int // ip_local_port_range, both ends inclusive
	reserved  []span
}

// The sysctls that say which ports connect() may choose from.
const (
	portRange     = "net.ipv4.ip_local_port_range"
	reservedPorts = "net.ipv4.ip_local_reserved_ports"
)

// PortRangeOf is what Sysctls say of it.
func PortRangeOf(sysctls map[string]string) (PortRange, error) {
	for _, name := range []string{portRange, reservedPorts} {
		if _, there := sysctls[name]; !there {
			return PortRange{}, fmt.Errorf("%s was not read", name)
		}
	}
	r, err := parsePortRange(sysctls[portRange])
	if err != nil {
		return PortRange{}, fmt.Errorf("%s: %w", portRange, err)
	}
	reserved, err := parseReservedPorts(sysctls[reservedPorts])
	if err != nil {
		return PortRange{}, fmt.Errorf("%s: %w", reservedPorts, err)
	}
	return PortRange{r.low, r.high, reserved}, nil
}

// Beside leaves out reserved ports and those that somebody has bound.
func (r PortRange) Beside(bound []uint16) Ports {
	return usablePorts(span{r.Low, r.High}, r.reserved, bound)
}

// span is an inclusive range of ports.
type span struct{ low, high int }

// usablePorts works out P.
//
// connect() skips a port whose bind bucket was made by bind(), whatever the
// address: one listener on 127.0.0.11 (Docker's embedded DNS has one, TCP)
// costs the whole namespace that port. Ports that connect() itself chose are
// shared between destinations and cost nothing. The rule is the check of
// fastreuse in __inet_hash_connect, net/ipv4/inet_hashtables.c.
func usablePorts(r span, reserved []span, bound []uint16) Ports {
	var isReserved [1 << 16 / 64]uint64 // spans may be many (every odd port) and overlap
	p := Ports{Low: r.low, High: r.high}
	for _, s := range reserved {
		for port := max(s.low, r.low); port <= min(s.high, r.high); port++ {
			if bit := uint64(1) << (port % 64); isReserved[port/64]&bit == 0 {
				isReserved[port/64] |= bit
				p.Reserved++
			}
		}
	}
	bound = slices.Clone(bound)
	slices.Sort(bound)
	for _, port := range slices.Compact(bound) {
		if n := int(port); r.low <= n && n <= r.high && isReserved[n/64]&(1<<(n%64)) == 0 {
			p.Bound = append(p.Bound, port)
		}
	}
	p.Usable = r.high - r.low + 1 - p.Reserved - len(p.Bound)
	return p
}

// parsePortRange reads ip_local_port_range: "32768\t60999\n".
func parsePortRange(text string) (span, error) {
	f := strings.Fields(text)
	if len(f) != 2 {
		return span{}, fmt.Errorf("port range %q: want two ports", text)
	}
	low, err := parsePort(f[0])
	if err != nil {
		return span{}, err
	}
	high, err := parsePort(f[1])
	if err != nil {
		return span{}, err
	}
	if low > high {
		return span{}, fmt.Errorf("port range %q: the low end is above the high end", text)
	}
	return span{low, high}, nil
}

// parseReservedPorts reads ip_local_reserved_ports: "8080,20100-20199\n", or
// an empty line.
func parseReservedPorts(text string) ([]span, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	var out []span
	for item := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(item, "-")
		if !isRange {
			last = first
		}
		low, err := parsePort(first)
		if err != nil {
			return nil, err
		}
		high, err := parsePort(last)
		if err != nil {
			return nil, err
		}
		if low > high {
			return nil, fmt.Errorf("reserved ports %q: the low end is above the high end", item)
		}
		out = append(out, span{low, high})
	}
	return out, nil
}

// ReservedIn is how many ports of a range an ip_local_reserved_ports takes away.
func ReservedIn(low, high int, reserved string) (int, error) {
	spans, err := parseReservedPorts(reserved)
	if err != nil {
		return 0, err
	}
	return usablePorts(span{low, high}, spans, nil).Reserved, nil
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a port", s)
	}
	return int(n), nil
}
