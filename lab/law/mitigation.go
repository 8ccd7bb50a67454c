package law

import (
	"fmt"
	"time"
)

// WideRange is how many ports ip_local_port_range has at its widest, 1024 to
// 65535: below are the privileged ones.
const WideRange = 65535 - 1024 + 1

// PooledRequests is what a pooled connection serves before Apache closes it,
// with MaxKeepAliveRequests 600: the limit is off by one.
const PooledRequests = 601

// NginxRequests is what it serves where the backend does not count: nginx's default of
// keepalive_requests since 1.19.10.
// https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_requests
const NginxRequests = 1000

// Mitigation is a change to a setup that is said to help against error 99.
type Mitigation struct {
	Name   string
	Change string // what is changed, in the words of those who change it
	Setup  Setup
}

// Mitigations are the changes people try, each on top of s alone, and the last
// one all of those that help together. Two of them are there because they are
// tried so often and do nothing.
func Mitigations(s Setup) []Mitigation {
	var all []Mitigation
	add := func(name, change string, f func(*Setup)) {
		m := Mitigation{name, change, s}
		f(&m.Setup)
		all = append(all, m)
	}
	each := PooledRequests
	// There is a pool, which was too small, or it is known what ends a connection.
	if s.Keepalive > 0 || s.RequestsPerConn > 0 {
		each = s.RequestsPerConn
	}
	pool := func(s *Setup) {
		p := Pool{Keepalive: max(s.Keepalive, int(s.InFlight)+1), RequestsPerConn: each, Concurrency: s.InFlight}
		s.Keepalive, s.RequestsPerConn, s.Churn = p.Keepalive, p.RequestsPerConn, p.Churn()
	}
	pooled := "upstream keepalive, sized for the requests under way"
	if each > 0 {
		pooled += fmt.Sprintf("; %d requests a connection", each)
	}
	reuse := func(s *Setup) { s.TwReuse = 1 }
	wide := func(s *Setup) { s.Ports = max(s.Ports, WideRange) }
	// More pairs of source and destination, each of which then gets less.
	times := func(n *int, by int, s *Setup) {
		*n = by * max(*n, 1)
		s.HeaviestShare /= float64(by)
	}
	destinations := func(s *Setup) { times(&s.Destinations, 3, s) }
	sources := func(s *Setup) { times(&s.Sources, 3, s) }

	if s.NAT {
		natMitigations(add, pooled, pool, destinations, sources)
		return all
	}
	add("keepalive", pooled, pool)
	add("tw-reuse", "tcp_tw_reuse=1", reuse)
	add("wider-range", "ip_local_port_range 1024 65535", wide)
	add("multi-ip", "three times the backend addresses", destinations)
	add("multi-port", "three times the backend ports", destinations)
	add("multi-source", "three times the source addresses (proxy_bind in nginx)", sources)
	add("multi-source-ip", "three times the sources, twice the backend addresses", func(s *Setup) {
		sources(s)
		times(&s.Destinations, 2, s)
	})
	if s.Uneven() {
		add("even-shares", "the same weight for all servers, and the same share for all sources",
			func(s *Setup) { s.HeaviestShare = 0 })
	}
	add("same-address", "the same address listed three times: a myth", func(*Setup) {})
	add("fin-timeout", "tcp_fin_timeout=5: a myth, for a backend that closes",
		func(s *Setup) { s.FinTimeout = 5 * time.Second })
	add("all", "keepalive, tw-reuse, wider-range, multi-ip and multi-source together", func(s *Setup) {
		pool(s)
		reuse(s)
		wide(s)
		destinations(s)
		sources(s)
	})
	return all
}
