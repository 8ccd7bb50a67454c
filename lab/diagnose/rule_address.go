package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/lab99/lab99/internal/format"
)

// The sysctls that decide which addresses a connection may have.
const (
	nonlocalBind     = "net.ipv4.ip_nonlocal_bind"
	nonlocalBind6    = "net.ipv6.ip_nonlocal_bind"
	noIPv6           = "net.ipv6.conf.all.disable_ipv6"
	noIPv6OnLoopback = "net.ipv6.conf.lo.disable_ipv6" // writing all writes this one, too
)

// ofEnds says something of addresses in a proxy's configuration.
func (v *view) ofEnds(next string, wrong func(End, binding) (text string)) {
	for _, c := range v.seen.Configured {
		shown, fails := 0, bindings[c.Program]
		for _, e := range c.Ends {
			if text := wrong(e, fails); text != "" && shown < shownAtMost {
				shown++
				v.add(Finding{Level: Warning, File: e.File, Line: e.Line, Next: next,
					Text: fmt.Sprintf("%s: %s", c.within(v.Name), text)})
			}
		}
	}
}

// noSourceAddress: bind() fails with error 99, as the namespace does not have the source
// address, and no port is looked for.
func noSourceAddress(v *view) {
	v.ofEnds("give it the address (ip address add), or bind to one of its own", func(e End, fails binding) string {
		if !e.Source || v.seen.mayBind(e.Address) {
			return ""
		}
		return fmt.Sprintf("it binds to %s, which is no address there: each bind() fails with error 99%s, "+
			"and that is no shortage of ports", e.Address, fails.noAddress)
	})
}

// mayBind says whether a socket may have this address of its own, as far as is known.
func (n *Namespace) mayBind(a netip.Addr) bool {
	allowed, off := nonlocalBind, false
	if a.Is6() {
		allowed, off = nonlocalBind6, n.Sysctls[noIPv6OnLoopback] == "1"
	}
	switch {
	case len(n.Addresses) == 0, n.Sysctls[allowed] != "0": // they are unknown, or it does not matter
		return true
	case a.IsUnspecified(), a.IsLoopback() && !off, a.IsLinkLocalUnicast():
		return true
	}
	return slices.Contains(n.Addresses, a) ||
		slices.ContainsFunc(n.AnyIP, func(p netip.Prefix) bool { return p.Contains(a) })
}

// withoutIPv6: connect() to an IPv6 address finds no address to connect from.
func withoutIPv6(v *view) {
	v.ofEnds("leave the address out, or turn IPv6 on", func(e End, fails binding) string {
		why := v.seen.noSourceFor(e.Address)
		if e.Source || why == "" {
			return ""
		}
		return fmt.Sprintf("it connects to %s, and %s%s, and that is no shortage of ports",
			e.Address, why, fails.noIPv6)
	})
}

// noSourceFor is why there is no address to connect to this one from; "" where there is
// one, or nothing is known.
func (n *Namespace) noSourceFor(a netip.Addr) string {
	off := func(sysctl string) string {
		if n.Sysctls[sysctl] == "1" {
			return fmt.Sprintf("IPv6 is off there (%s = 1): each connect() fails with error 99", sysctl)
		}
		return ""
	}
	own := func(x netip.Addr) bool { return x.Is6() && !x.IsLinkLocalUnicast() }
	switch {
	case !a.Is6(), n.Sysctls[noIPv6] == "", a.IsLinkLocalUnicast():
		return ""
	case a.IsLoopback():
		return off(noIPv6OnLoopback)
	case len(n.Addresses) == 0 || slices.ContainsFunc(n.Addresses, own):
		return ""
	case n.Sysctls[noIPv6] == "1":
		return off(noIPv6)
	}
	return "there is no IPv6 address but that of the link: each connect() fails with error 99, " +
		"or 101 where there is no route"
}

// fixedSourcePort: bind() asks for one port, which a TIME_WAIT keeps for a minute.
func fixedSourcePort(v *view) {
	v.ofEnds("leave the port out: the kernel then chooses a free one", func(e End, fails binding) string {
		if !e.Port {
			return ""
		}
		return fmt.Sprintf("it binds to one port of %s: while a connection or a TIME_WAIT has that one, %s, "+
			"however many others are free", e.Address, fails.portTaken)
	})
}

// ownSourcePorts: a proxy chooses among ports of its own, for each server the same few.
func ownSourcePorts(v *view) {
	v.ofEnds("leave the ports out, or give each server a longer range", func(e End, fails binding) string {
		if e.Low == 0 {
			return ""
		}
		n := int(e.High) - int(e.Low) + 1
		return fmt.Sprintf("it takes ports %d-%d of %s for a server, and no other: %s at once%s. "+
			"How full those are is not in the table, which is about the kernel's range",
			e.Low, e.High, e.Address, format.Plural(n, "connection"),
			fails.rangeTaken)
	})
}

// binding is how a program fails whose configuration names its source, in its own words.
type binding struct {
	noAddress  string // after error 99 of bind()
	noIPv6     string // after that of connect()
	portTaken  string
	rangeTaken string
}

// bindings were seen, with nginx 1.22 and HAProxy 2.6.
var bindings = map[string]binding{
	"nginx": {portTaken: "bind() fails with error 98 and nginx answers 500"},
	"haproxy": {
		noAddress:  ", which its log has as \"Cannot bind to source address\"",
		noIPv6:     ", which its log calls \"no free ports\"",
		portTaken:  "connect() fails with error 99, which its log calls \"no free ports\", and HAProxy answers 503",
		rangeTaken: "; with all taken HAProxy answers 503, and its log has \"Cannot bind to source address\"",
	},
}
