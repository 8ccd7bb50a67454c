package explain

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
)

// Answer is whether ports ran out.
type Answer string

const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown" // the line does not tell
)

// Words are the answer in a sentence.
func (a Answer) Words() string {
	if a == Unknown {
		return "cannot be told from this line"
	}
	return string(a)
}

// Step is what to do next.
type Step struct {
	Command string `json:"command"` // to copy; "" where there is none
	Text    string `json:"text"`    // what it shows
}

// A Cause is what a reading means. Why and next are told for one reading.
type Cause struct {
	ID     string
	Answer Answer
	Title  string
	fits   func(r Reading) bool
	why    func(r Reading) string
	next   func(r Reading) []Step
}

func says(s string) func(Reading) string { return func(Reading) string { return s } }

// whichOfTheTwo tells errno 99 by ports from errno 99 by an address.
const whichOfTheTwo = "It is the address if every attempt fails, the ports if some do."

// causes are asked in this order; the last one fits all.
var causes = []Cause{
	{
		ID: "other-system", Answer: Unknown, Title: "errno 99 of another system",
		fits: func(r Reading) bool { return r.Foreign },
		why: says("these are the words of macOS or a BSD, where the errno is 49. Ports can run out there, too; " +
			"the ranges, the timers and the commands are others."),
		next: func(Reading) []Step {
			return []Step{
				{"sysctl net.inet.ip.portrange.first net.inet.ip.portrange.last", "the port range of such a host"},
			}
		},
	},
	{
		ID: "bound-port-taken", Answer: No, Title: "the one source port that was asked for is taken",
		fits: func(r Reading) bool {
			return r.Call == CallConnect && r.Errno == errNotAvailable && boundPort(r.Source)
		},
		why: func(r Reading) string {
			return "the program had bound " + r.Source + " before connect(), " +
				"and a connection from that port to " + destination(r) + " exists already, perhaps in TIME_WAIT. " +
				"The other ports may all be free."
		},
		next: func(r Reading) []Step {
			return append(countTaken(r), Step{Text: "let the kernel choose the port: " +
				"bind the address with port 0 and IP_BIND_ADDRESS_NO_PORT, or do not bind"})
		},
	},
	{
		ID: "ports", Answer: Yes, Title: "no source port is left towards one destination",
		fits: func(r Reading) bool {
			return r.Call == CallConnect && r.Errno == errNotAvailable && !r.Guess && familyOf(r.Destination) == ipv4
		},
		why: func(r Reading) string {
			s := "no source port is free towards " + destination(r) + ": each of them has a connection there, " +
				"most of them in TIME_WAIT for a minute where this host closes first. " +
				"Other destinations have their ports still."
			switch {
			case r.Program == "envoy":
				s += " Envoy can also be set to keep the client's source port " +
					"(original source, Cilium's use-original-source-address): " +
					"then it is a collision of that one port, and the count below is low."
			case r.Program == "Go" || r.Program == "caddy" || r.Program == "traefik":
				s += " Go dials three times before it gives up."
			}
			return s
		},
		next: func(r Reading) []Step { return append(countTaken(r), more(r)...) },
	},
	{
		ID: "ports-or-address", Answer: Unknown, Title: "no source port is left, or no source address",
		fits: func(r Reading) bool { return r.Call == CallConnect && r.Errno == errNotAvailable },
		why: func(r Reading) string {
			switch {
			case r.Guess:
				return "errno 99 of connect() is a port range that is full, or a missing source address. " +
					"Whose line this is is not known, so take it with care."
			case r.Program == "haproxy":
				return "HAProxy says \"no free ports\" of errno 99 whatever its cause: " +
					"all ports towards the server are taken, or the server has an IPv6 address and this host " +
					"or container has none to connect from, or `source` names one port, which is taken. " +
					"Ports come back within a minute; without an address every attempt fails."
			case familyOf(r.Destination) == ipv6:
				return "errno 99 of connect() to an IPv6 address has two causes: all ports towards it are taken, " +
					"or this host or container has no IPv6 address to connect from " +
					"(IPv6 is off in a container by default). " +
					whichOfTheTwo
			}
			return "errno 99 of connect() has two causes: all ports towards the destination are taken, " +
				"or the name has an IPv6 address (localhost is [::1], too) and this host or container has none " +
				"to connect from. The line names no IPv4 address. " + whichOfTheTwo
		},
		next: func(r Reading) []Step {
			steps := []Step{{"ip -6 address; sysctl net.ipv6.conf.all.disable_ipv6", "no address, or 1: IPv6 is off"}}
			return append(append(steps, countTaken(r)...), more(r)...)
		},
	},
	{
		ID: "no-source-address", Answer: No, Title: "the source address is not this host's",
		fits: func(r Reading) bool { return r.Call == CallBind && r.Errno == errNotAvailable },
		why: func(r Reading) string {
			return "bind() fails with errno 99 when the host or container does not have the address " +
				or(r.Source, "that the program was told to connect from") + ofProgram(r.Program).setsSource +
				". It never means ports: those that bind() lacks are errno 98."
		},
		next: func(r Reading) []Step { return []Step{addresses(r.Source)} },
	},
	{
		ID: "no-listen-address", Answer: No, Title: "a server is to listen on an address that is not this host's",
		fits: func(r Reading) bool { return r.Call == CallListen && r.Errno == errNotAvailable },
		why: func(r Reading) string {
			return "the host or container does not have the address " +
				or(r.Source, "that the server is to listen on") +
				", or does not have it yet at boot. A server needs no source port, so this is never exhaustion."
		},
		next: func(r Reading) []Step { return []Step{addresses(r.Source)} },
	},
	{
		ID: "unclear-call", Answer: Unknown, Title: "errno 99 of a call that the line does not name",
		fits: func(r Reading) bool { return r.Errno == errNotAvailable },
		why: says("errno 99 of bind() or listen() is an address that the host does not have; " +
			"of connect() it is mostly ports that ran out. The line does not say which call it was: " +
			"the lines around it do, such as the frames of an exception."),
		next: func(r Reading) []Step {
			return append([]Step{linesAround}, countTaken(r)...)
		},
	},
	{
		ID: "bind-first", Answer: Unknown,
		Title: "no source port is left to a program that binds first, or the port it asked for is taken",
		fits: func(r Reading) bool {
			ofConnection := r.Call == CallBind || r.Call == CallConnect
			haproxyBinds := r.Program == "haproxy" && r.Call == CallBind && r.Errno == 0
			return r.Errno == errInUse && ofConnection || haproxyBinds
		},
		why: func(r Reading) string {
			if r.Program == "haproxy" && r.Call == CallBind {
				return "HAProxy could not bind the source of a server: " +
					"the ports of `source ADDRESS:LOW-HIGH` are all in use, or the host does not have the address. " +
					"HAProxy hands such a range out itself, apart from the kernel's."
			}
			if r.Guess {
				return "errno 98 of bind() is mostly a server whose port another process listens on. " +
					"Of a client that binds its address before connect() it is a range of source ports that is full."
			}
			return "a program that binds its source address before connect() gets its port there, " +
				"without regard to the destination. All destinations then share one range, " +
				"and its end is errno 98 in place of 99. A fixed source port that is taken gives the same."
		},
		next: func(r Reading) []Step {
			src := "ss -Htan | awk '{print $1}' | sort | uniq -c"
			if f := filter(withoutPort(r.Source)); f != "" && !unspecified(r.Source) {
				src = "ss -Htan src " + f + " | awk '{print $1}' | sort | uniq -c"
			}
			return []Step{{src, "ports taken at that source, by state, of all destinations"}, portRange,
				{"", "set IP_BIND_ADDRESS_NO_PORT (nginx, HAProxy and Squid 6 do), or do not bind"}}
		},
	},
	{
		ID: "port-taken", Answer: No, Title: "another process listens on the port",
		fits: func(r Reading) bool { return r.Errno == errInUse },
		why: func(r Reading) string {
			if r.Call != CallListen {
				return "errno 98 is a port that is taken, mostly one that a server is to listen on. " +
					"The line does not name the call."
			}
			return "a server cannot listen on " + or(r.Source, "its port") + ", since another process does. " +
				"Source ports are something else: " +
				"but a port in the range of net.ipv4.ip_local_port_range can be taken by a connection, so reserve it."
		},
		next: func(r Reading) []Step {
			return []Step{
				{listening(r.Source), "who listens there"},
				{
					"sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports",
					"whether the port is in the range, and not reserved",
				},
			}
		},
	},
	{
		ID: "listen-failed", Answer: No, Title: "a server cannot listen",
		fits: func(r Reading) bool { return r.Call == CallListen && r.Errno == 0 },
		why: says("the address is not this host's, another process listens there, or a right is missing. " +
			"A server needs no source port."),
		next: func(r Reading) []Step {
			return []Step{{listening(r.Source), "who listens there"}, addresses(withoutPort(r.Source))}
		},
	},
	{
		ID: "timeout", Answer: Unknown, Title: "the connection timed out",
		fits: func(r Reading) bool {
			return r.Errno == errTimedOut && (r.Call == CallConnect || r.Call == CallUnknown)
		},
		why: func(r Reading) string {
			return "this host had a port, sent its SYN and got no answer from " + destination(r) + ". " +
				"A firewall or a dead host does that, and so does a NAT on the way whose ports ran out: " +
				"it drops the SYN. Sysctls of this host change nothing then."
		},
		next: natSteps,
	},
	{
		ID: "unreachable", Answer: Unknown, Title: "the host cannot be reached",
		fits: func(r Reading) bool { return r.Errno == errHost },
		why: func(r Reading) string {
			return "errno 113 comes of a host that does not answer on its own network, " +
				"or of a router or firewall that refuses. It is never this host's own ports. " +
				"A NAT that has no port left may refuse so, too, though most drop the SYN."
		},
		next: natSteps,
	},
	{
		ID: "no-route", Answer: No, Title: "there is no route",
		fits: func(r Reading) bool { return r.Errno == errNetwork },
		why: says("errno 101 is a routing table without a way there, often of IPv6 where only IPv4 is set up. " +
			"No port was looked for."),
		next: func(r Reading) []Step {
			if addr, ok := ipOf(r.Destination); ok && addr.Zone() == "" {
				return []Step{{"ip route get " + addr.String(), "the route that it would take"}}
			}
			return []Step{{"ip route; ip -6 route", "the routes that there are"}}
		},
	},
	{
		ID: "refused", Answer: No, Title: "the other side refused",
		fits: func(r Reading) bool { return r.Errno == errRefused },
		why: func(r Reading) string {
			return "the SYN left with a port of its own and " + destination(r) +
				" answered that nobody listens there. Ports were free."
		},
		next: func(r Reading) []Step { return []Step{{listening(r.Destination), "who listens there, on that host"}} },
	},
	{
		ID: "reset", Answer: No, Title: "the other side reset the connection",
		fits: func(r Reading) bool { return r.Errno == errReset },
		why: says("the connection had its port and was up. " +
			"Often the backend closed an idle connection just as it was used again."),
		next: func(r Reading) []Step { return lint(r) },
	},
	{
		ID: "descriptors", Answer: No, Title: "the process has no descriptor left",
		fits: func(r Reading) bool { return r.Errno == errFiles || r.Errno == errFilesAll },
		why: func(r Reading) string {
			limit := "the process has as many files and sockets open as its limit allows (ulimit -n, LimitNOFILE"
			if r.Errno == errFilesAll {
				limit = "the whole system has as many files open as it may (fs.file-max"
			}
			return limit + ofProgram(r.Program).setsFiles + "). No port was looked for."
		},
		next: func(Reading) []Step {
			return []Step{{
				"cat /proc/PID/limits; ls /proc/PID/fd | wc -l",
				"the limit and what is open, for the number of the process in place of PID",
			}}
		},
	},
	{
		ID: "own-limit", Answer: No, Title: "the program reached a limit of its own",
		fits: func(r Reading) bool { return r.Call == CallSocket && r.Errno == 0 },
		why: func(r Reading) string {
			text := "the program may have no more connections by its own configuration"
			if r.Program == "nginx" {
				text += " (worker_connections, which counts both sides of each request)"
			}
			return text + ". No port was looked for."
		},
		next: func(r Reading) []Step { return lint(r) },
	},
	{
		ID: "late-answer", Answer: No, Title: "the backend did not answer in time",
		fits: func(r Reading) bool { return r.Errno == errTimedOut && r.Call == CallOther },
		why: says("the connection was up and had its port; the backend was too slow. " +
			"Slow answers keep ports for longer: with many at once the ports can run out later, " +
			"without any TIME_WAIT."),
		next: countTaken,
	},
	{
		ID: "backlog", Answer: No, Title: "the queue of a Unix-domain socket is full",
		fits: func(r Reading) bool { return r.Errno == errAgain && familyOf(r.Destination) == unix },
		why: func(r Reading) string {
			return "connections to " + destination(r) + " wait for accept() and the queue is full: " +
				"the backend is too slow or its backlog too short. A Unix-domain socket needs no port."
		},
		next: func(Reading) []Step {
			return []Step{{
				"ss -lx; sysctl net.core.somaxconn",
				"Recv-Q at Send-Q: the queue is full; the backlog is at most the sysctl",
			}}
		},
	},
	{
		ID: "again", Answer: Unknown, Title: "errno 11",
		fits: func(r Reading) bool { return r.Errno == errAgain },
		why: says("errno 11 of connect() is a full queue where the destination is a Unix-domain socket. " +
			"Of a UDP socket it is source ports that ran out, and of a TCP socket kernels of long ago gave it " +
			"for that, too. The line does not name the destination, or it is an address."),
		next: countTaken,
	},
	{
		ID: "consequence", Answer: Unknown, Title: "a consequence of earlier failures",
		fits: func(r Reading) bool { return r.Call == CallNone },
		why: func(r Reading) string {
			return "the program did not try to connect: earlier failures made it take " + or(r.Peers, "the backend") +
				" out for a while" + ofProgram(r.Program).takesOut + ". " +
				"Whether those were ports, the first failure says: it may stand hundreds of lines earlier, and once."
		},
		next: func(r Reading) []Step {
			return append([]Step{wholeLog}, lint(r)...)
		},
	},
	{
		ID: "connect-failed", Answer: Unknown, Title: "a connection failed, with no reason given",
		fits: func(r Reading) bool { return r.Call == CallConnect },
		why: func(r Reading) string {
			return "the line has no errno" + ofProgram(r.Program).hasErrno + ". " +
				"99 would be ports, 111 a backend that is down."
		},
		next: func(r Reading) []Step { return append(countTaken(r), more(r)...) },
	},
	{
		ID: "other", Answer: No, Title: "another failure",
		fits: func(Reading) bool { return true },
		why: says("the line does not speak of a connection that could not be made. " +
			"A connection that is up has its port."),
		next: func(Reading) []Step { return nil },
	},
}

// causeOf finds the cause of a reading. There is always one.
func causeOf(r Reading) *Cause {
	for i := range causes {
		if causes[i].fits(r) {
			return &causes[i]
		}
	}
	panic("the last cause fits all")
}

// portRange shows how many ports there are.
var portRange = Step{
	"sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports net.ipv4.tcp_tw_reuse",
	"how many ports there are; reserved ones are not used",
}

// What helps with a line helps no more with a log.
var (
	wholeLog    = Step{"lab99 explain - < LOG", "the whole log, its first failures too"}
	linesAround = Step{"lab99 explain - < LOG", "the lines around it, too"}
)

// countTaken counts the ports towards a destination. All states count: one that is
// established takes a port as one in TIME_WAIT does.
func countTaken(r Reading) []Step {
	look := Step{
		"sudo lab99 diagnose",
		"how full each pair of source and destination is, in all network namespaces, and when the next error 99 is due",
	}
	count := Step{
		"ss -Htan state time-wait | awk '{print $4}' | sort | uniq -c | sort -rn | head",
		"the destinations with the most TIME_WAIT",
	}
	if f := filter(r.Destination); f != "" && !unspecified(r.Destination) {
		count = Step{
			"ss -Htan dst " + f + " | awk '{print $1}' | sort | uniq -c",
			"ports taken towards " + r.Destination + ", by state",
		}
	}
	return []Step{look, count, portRange}
}

// more is where to go once it is ports: to what the program's own file does to connections, and
// to what each fix would do.
func more(r Reading) []Step {
	predict := "lab99 predict --rate 1000"
	if r.Program == "haproxy" { // in HTTP mode it leaves no TIME_WAIT behind
		predict += " --proxy haproxy --mode tcp"
	}
	return append(lint(r), Step{predict, "when ports run out and what each fix changes, for your requests/s"})
}

// lint is the reader of the program's configuration, where lab99 has one.
func lint(r Reading) []Step {
	switch r.Program {
	case "nginx":
		return []Step{{
			"lab99 lint /etc/nginx/nginx.conf",
			"why nginx opens a connection for each request, and which line changes it",
		}}
	case "haproxy":
		return []Step{{"lab99 lint /etc/haproxy/haproxy.cfg",
			"which backends keep ports taken, and which line changes it"}}
	}
	return nil
}

func natSteps(r Reading) []Step {
	return []Step{
		{"nstat -az TcpExtTCPSynRetrans TcpExtTCPTimeouts", "SYNs that were sent again"},
		{
			"conntrack -S; sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max",
			"on a Linux NAT: drop and insert_failed are ports or entries that ran out",
		},
		{"lab99 predict --nat --rate 1000", "when the ports of a NAT run out, for your requests/s"},
	}
}

func addresses(source string) Step {
	if addr, ok := ipOf(source); ok && addr.Zone() == "" {
		return Step{"ip address show to " + addr.String(), "nothing: the host or container does not have it"}
	}
	return Step{"ip address", "the addresses that the host or container has"}
}

func listening(at string) string {
	if ap, err := netip.ParseAddrPort(at); err == nil && ap.Port() > 0 {
		return fmt.Sprintf("ss -Hltnp 'sport = :%d'", ap.Port())
	}
	if i := strings.LastIndexByte(at, ':'); i >= 0 {
		if port := number(at[i+1:]); port > 0 {
			return fmt.Sprintf("ss -Hltnp 'sport = :%d'", port)
		}
	}
	return "ss -Hltnp"
}

// destination is the place that a reading is about, in words.
func destination(r Reading) string {
	switch {
	case r.Destination != "":
		return r.Destination
	case r.Peers != "":
		return "a peer of " + r.Peers
	}
	return "the destination"
}

// boundPort tells a source with a port that somebody chose.
func boundPort(source string) bool {
	ap, err := netip.ParseAddrPort(source)
	return err == nil && ap.Port() > 0
}

func unspecified(s string) bool {
	addr, ok := ipOf(s)
	return ok && addr.IsUnspecified()
}

// withoutPort is the host of an address.
func withoutPort(s string) string {
	if addr, ok := ipOf(s); ok {
		return addr.String()
	}
	return ""
}

func or(s, otherwise string) string { return cmp.Or(s, otherwise) }
