package law

import "time"

// A NAT between the proxy and the backend gives each connection a port of its
// own towards its destination, and has no more of them than a host has: Google's
// Cloud NAT 64 for each machine unless told otherwise, an AWS NAT gateway 55,000
// for each address of its own. The formulas are those of a host, with three
// differences:
//
//   - The NAT holds a port for a time after the connection has ended, whichever
//     end closed it, so f is 1.
//   - When none is left it drops the SYN. The proxy's kernel knows of no
//     shortage: connect() does not fail with error 99 but gets no answer. TCP
//     sends the SYN again after 1, 3 and 7 s, so a short shortage shows as
//     latency, a longer one as error 110 after proxy_connect_timeout.
//   - Sysctls of the host change nothing: the ports are not its own. Neither
//     does connect() walk over them, so there is no step at half of them.
//
// https://cloud.google.com/nat/docs/ports-and-addresses
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
// https://www.rfc-editor.org/rfc/rfc5382#section-5

// NATTimeWait is how long a NAT holds the port of a connection that has ended:
// 120 s in Cloud NAT, and in Linux (nf_conntrack_tcp_timeout_time_wait).
const NATTimeWait = 120 * time.Second

func (s Setup) behindNAT() Setup {
	s.CloseShare = 1
	s.Race, s.Loopback, s.MaxTwBuckets, s.LateClose = false, false, 0, 0
	return s
}

// natMitigations adds the changes people try against a NAT's shortage.
func natMitigations(
	add func(name, change string, f func(*Setup)),
	pooled string,
	pool, destinations, sources func(*Setup),
) {
	ports := func(s *Setup) { s.Ports *= 2 }
	add("keepalive", pooled, pool)
	add("nat-ports", "twice the ports of the NAT for this host", ports)
	add("nat-addresses", "three times the addresses of the NAT", sources)
	add("multi-ip", "three times the backend addresses", destinations)
	add("multi-port", "three times the backend ports", destinations)
	add("wider-range", "ip_local_port_range 1024 65535: changes nothing, the ports are the NAT's", func(*Setup) {})
	add("tw-reuse", "tcp_tw_reuse=1: changes nothing, the NAT holds its ports all the same", func(*Setup) {})
	add("all", "keepalive, nat-ports, nat-addresses and multi-ip together", func(s *Setup) {
		pool(s)
		ports(s)
		sources(s)
		destinations(s)
	})
}
