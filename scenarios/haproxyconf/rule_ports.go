package haproxyconf

import (
	"fmt"
	"slices"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/scenarios/finding"
)

// usualPorts is the size of the kernel's range by default, 32768–60999.
const usualPorts = 60999 - 32768 + 1

var sourceSingleIP = Rule{
	ID:    "source-single-ip",
	Level: finding.Note,
	Doc: "`source IP` chooses the source address and leaves the port to the kernel, " +
		"at connect() (IP_BIND_ADDRESS_NO_PORT), so there are as many ports as without it. " +
		"Each further address has its own: list a server once for each, with another `source`. " +
		"With a list of ports, `source IP:20000-40000`, HAProxy uses its own again at once. " +
		"The host must have the address: else bind() fails with error 99.",
	check: func(k *checker, b *Backend) {
		seen := map[string]bool{}
		for _, l := range b.Lanes() {
			seen[l.Source] = true
		}
		for _, s := range b.serving() {
			source := b.SourceOf(s)
			if s.Unix || !source.Given() || source.Ports() > 0 || source.UseSrc != "" || len(seen) > 1 {
				continue
			}
			k.report(finding.Note, source.Line, source.Word,
				"`source "+source.Address+":20000-40000` on each server line lists ports, "+
					"and another server line with another source adds them",
				"source %s is one address: it has the ports that the kernel's choice would have, and no more",
				source.Address)
		}
	},
}

var ownPortList = Rule{
	ID:    "own-port-list",
	Level: finding.Note,
	Doc: "`source IP:LOW-HIGH` on a server line is a list of ports that HAProxy gives out by itself. " +
		"It takes a port of its own in TIME_WAIT again at once, whatever tcp_tw_reuse says, " +
		"so that the list need only be as long as connections are open at once. " +
		"That needs TCP timestamps at both ends (net.ipv4.tcp_timestamps=1): " +
		"without them error 99 comes after as many connections as it has ports. " +
		"Keep the list out of ip_local_port_range, and `maxconn` of the server no larger than the list: " +
		"a connection more fails with `Cannot bind to source address`.",
	check: func(k *checker, b *Backend) {
		for _, s := range b.serving() {
			source := b.SourceOf(s)
			n := source.Ports()
			if s.Unix || n == 0 {
				continue
			}
			switch limit := b.ClientLimit(); {
			case s.MaxConn > n:
				k.report(finding.Warning, source.Line, source.Word,
					fmt.Sprintf("`maxconn %d` on the server line, or a longer list", n),
					"%s of its own for maxconn %d: the connections beyond fail with \"Cannot bind to source address\"",
					format.Plural(n, "port"), s.MaxConn)
			case s.MaxConn == 0 && limit > n:
				k.report(finding.Warning, source.Line, source.Word,
					fmt.Sprintf("`maxconn %d` on the server line, or a longer list", n),
					"%s of its own, the server has no maxconn, and %s connections of clients are let in: "+
						"those beyond the list fail with \"Cannot bind to source address\"",
					format.Plural(n, "port"), format.Grouped(limit))
			default:
				k.report(finding.Note, source.Line, source.Word, "",
					"%s of its own, which HAProxy takes again at once from TIME_WAIT: they last at any rate, "+
						"while no more connections are open at once and tcp_timestamps is 1 at both ends",
					format.Plural(n, "port"))
			}
		}
	},
}

var maxconnOverPorts = Rule{
	ID:    "maxconn-over-ports",
	Level: finding.Warning,
	Doc: "More connections may be open at once than a source address has ports towards one destination: " +
		"28,232 by default (net.ipv4.ip_local_port_range). That ends in error 99 in any mode, " +
		"without a single TIME_WAIT. Lower `maxconn` of the server, so that requests wait in HAProxy's queue, " +
		"or add destinations or source addresses.",
	check: func(k *checker, b *Backend) {
		for _, l := range b.Lanes() {
			if l.Own == 0 && l.Limit > usualPorts {
				s := l.Servers[0]
				k.report(finding.Warning, s.Line, s.Word,
					fmt.Sprintf("`maxconn %d` or less for all lines of that address together", usualPorts*9/10),
					"maxconn lets %s connections to %s be open at once, and there are %s ports by default",
					format.Grouped(l.Limit), l.Destination, format.Grouped(usualPorts))
			}
		}
	},
}

var duplicateAddress = Rule{ID: "duplicate-address", Level: finding.Warning, check: func(k *checker, b *Backend) {
	for _, l := range b.Lanes() {
		first := l.Servers[0]
		if first.Count > 1 && l.Own == 0 && !first.Unknown && !first.Named() {
			k.report(finding.Warning, first.Line, first.Word,
				"a name in place of the address, which has several, or one server",
				"%d servers of the address %s: it is one destination, and the others add no ports",
				first.Count, l.Destination)
		}
		for _, s := range l.Servers[1:] {
			if l.Own > 0 || s.Unknown {
				continue // each line has its own list
			}
			k.report(finding.Warning, s.Line, s.Word,
				"give the second line another `source`, or another address or port of the server",
				"%s is listed in line %d too, from the same source: it is one destination, and the line adds no ports",
				l.Destination, first.Line.Number)
		}
	}
}}

var unevenServers = Rule{ID: "uneven-servers", Level: finding.Warning, check: func(k *checker, b *Backend) {
	heaviest := b.Heaviest()
	lanes := slices.DeleteFunc(b.Lanes(), func(l Lane) bool { return l.Share == 0 }) // see useServer
	if !b.runsOut() || len(lanes) < 2 || heaviest.Share*float64(len(lanes)) <= 1.001 {
		return
	}
	s := heaviest.Servers[0]
	k.report(finding.Warning, s.Line, s.Word, "even weights, each address once",
		"%s gets %s of the connections of %d destinations: its ports end first",
		heaviest.Destination, format.Percent(heaviest.Share), len(lanes))
}}

var loopbackBackend = Rule{ID: "loopback-backend", Level: finding.Note, check: func(k *checker, b *Backend) {
	for _, s := range b.serving() {
		if s.Loopback() && !s.Unix {
			k.report(finding.Note, s.Line, s.Word, "",
				"%s is on HAProxy's own host: "+
					"Linux takes a port in TIME_WAIT again after a second there (tcp_tw_reuse=2, the default)",
				s.Destination())
		}
	}
}}

var unixSocket = Rule{ID: "unix-socket", Level: finding.Note, check: func(k *checker, b *Backend) {
	for _, s := range b.serving() {
		if s.Unix {
			k.report(finding.Note, s.Line, s.Word, "", "%s is a Unix-domain socket, which takes no port", s.Host)
		}
	}
}}

var addressUnknown = Rule{
	ID:    "address-unknown",
	Level: finding.Note,
	Doc: "The address of a server stands in a variable of the environment, or is a name, " +
		"or is the one that the client asked for, or the source is the client's address. " +
		"How many there are decides how many ports there are, and no file tells it: it counts as one. " +
		"For a name HAProxy takes its first address; `server-template` with `resolvers` takes as many " +
		"as it has servers.",
	check: func(k *checker, b *Backend) {
		for _, s := range b.serving() {
			any := slices.Contains([]string{"0.0.0.0", "*", "::", "[::]"}, s.Host) && !s.Unix
			switch {
			case s.Unknown:
				k.report(finding.Note, s.Line, s.Word, "",
					"the environment decides on %s: it counts as one destination",
					s.Line.Arg(s.Word))
			case any:
				k.report(finding.Note, s.Line, s.Word, "",
					"%s is the address that the client asked for: it counts as one destination", s.Host)
			case s.Count > 1 && s.Named():
				k.report(finding.Note, s.Line, s.Word, "",
					"%d servers by the name %s: how many addresses it has is not known, "+
						"and it counts as one destination",
					s.Count, s.Host)
			}
			if n := b.clientPorts(); n > 1 && !s.Unknown && !any && s.clientsPort() {
				k.report(finding.Note, s.Line, s.Word, "",
					"the port of %s is that which the client connected to, one of %d: they count as one destination",
					s.Host, n)
			}
			if source := b.SourceOf(s); source.UseSrc != "" && !s.Unix {
				k.report(finding.Note, source.Line, source.Word, "",
					"usesrc %s: each client has an address, and so source ports, of its own; they count as one",
					source.UseSrc)
			}
		}
	},
}

var useServer = Rule{
	ID:    "use-server",
	Level: finding.Note,
	Doc: "`use-server` gives a server the requests that its condition is met by, whatever its weight: " +
		"one of `weight 0` or a `backup` gets them too, and only `disabled` keeps them away. " +
		"Conditions are not evaluated. " +
		"The server is a destination with ports of its own, and its share is the one by its weight: " +
		"with 0, or as a backup, none. " +
		"Where it gets more, its ports end sooner than is said here.",
	check: func(k *checker, b *Backend) {
		for _, s := range b.serving() {
			if l := b.Pick(s); l != nil && !s.Unix {
				k.report(finding.Note, l, 1, "",
					"server %s (line %d) gets what the condition chooses, whatever its weight; "+
						"how much that is is not known, and it counts as %s of the requests",
					s.Name, s.Line.Number, format.Percent(b.Share(s)))
			}
		}
	},
}
