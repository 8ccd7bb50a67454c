package explain

import (
	"net/netip"
	"regexp"
	"strings"
)

// target is what stands for a host and port in a line, for the expressions of the
// dialects: no blank, no quote, nothing that a shell or a URL's password needs.
const target = `[\w.:\[\]%-]+`

var (
	clean   = regexp.MustCompile(`^[\w.:\[\]%-]{1,255}$`)
	cleanUP = regexp.MustCompile(`^(?:unix:)?@?/?[\w./:%-]{1,255}$`)
)

// address is a host and port, or the path of a socket, that a line names; "" for
// anything else. A URL is cut to its host: it may carry a password.
func address(s string) string {
	s = strings.Trim(s, "\"' .,;")
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
		if !strings.HasPrefix(s, "unix:") {
			s, _, _ = strings.Cut(s, "/")
			if i := strings.LastIndexByte(s, '@'); i >= 0 {
				s = s[i+1:]
			}
		}
	}
	if strings.HasPrefix(s, "unix:") || strings.HasPrefix(s, "/") {
		// nginx has unix:/run/app.sock:/location.
		if path, _, ok := strings.Cut(strings.TrimPrefix(s, "unix:"), ":"); ok {
			s = "unix:" + path
		}
		if !cleanUP.MatchString(s) {
			return ""
		}
		return s
	}
	if !clean.MatchString(s) {
		return ""
	}
	return s
}

// group is the name of peers that belong together, as proxies have them; "" for
// anything else.
func group(s string) string {
	if strings.Contains(s, "://") {
		return address(s)
	}
	if !cleanGroup.MatchString(s) {
		return ""
	}
	return s
}

var cleanGroup = regexp.MustCompile(`^[\w./:()-]{1,128}$`)

// hostPort joins what a line has apart.
func hostPort(host, port string) string {
	host = address(strings.Trim(host, "[]"))
	if host == "" || port == "" {
		return host
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return address(host + ":" + port)
}

// family is the kind of an address.
type family int

const (
	unnamed family = iota // a name, or nothing
	ipv4
	ipv6
	unix
)

// familyOf tells by the form of an address. People hide their addresses as
// xx.xx.xx.xx, which is still IPv4.
func familyOf(s string) family {
	switch {
	case strings.HasPrefix(s, "unix:"), strings.HasPrefix(s, "/"):
		return unix
	case hidden.MatchString(s):
		return ipv4
	}
	addr, ok := ipOf(s)
	switch {
	case !ok:
		return unnamed
	case addr.Unmap().Is4():
		return ipv4
	}
	return ipv6
}

var hidden = regexp.MustCompile(`^(?i:[x\d]{1,3}\.){3}(?i:[x\d]{1,3})(?::\d+)?$`)

// ipOf is the address of a host, with its port or without.
func ipOf(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr, err == nil
}

// anyPort tells an address without a port, or with port 0: any will do, so that it
// is a connection's and no server's.
func anyPort(s string) bool {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Port() == 0
	}
	_, ok := ipOf(s)
	return ok
}

// filter is an address as ss takes it behind dst or src; "" for a name, which ss
// would look up.
func filter(s string) string {
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Addr().Zone() == "" {
		return "'" + ap.String() + "'"
	}
	if addr, ok := ipOf(s); ok && addr.Zone() == "" {
		if addr.Is6() {
			return "'[" + addr.String() + "]'"
		}
		return "'" + addr.String() + "'"
	}
	return ""
}
