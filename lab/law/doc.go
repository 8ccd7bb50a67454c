// Package law predicts what a reverse proxy does when it runs out of source
// ports, from numbers alone: no I/O, no clock, no state.
//
// A connection is a tuple of source address, source port, destination address
// and destination port, and there are
//
//	K = P · S · D
//
// of them: P usable ports, S source addresses, D distinct destinations. Every
// upstream connection takes one. When the proxy closes first, the tuple stays
// in TIME_WAIT for the hold time T and is lost to connect() meanwhile. With f
// the share of connections so closed, R requests per second and churn the new
// connections per request, tuples are taken at f·R·churn per second, so the
// load factor
//
//	ρ = f·R·churn·T / K
//
// says whether the table fills: above 1 it does, after K/(f·R·churn) seconds.
// Then connect() fails with EADDRNOTAVAIL, which nginx logs as error 99.
//
// One law a file, each with its derivation and source:
//
//	tuples.go      K, T and ρ
//	timewait.go    how long TIME_WAIT lasts, by the kernel's HZ
//	seconds.go     tcp_tw_reuse in whole seconds, before Linux 6.14
//	exhaustion.go  whether error 99 comes, when, and the successes before it;
//	               with a slow backend, from requests under way alone
//	steady.go      what succeeds in the long run, the safe rate, the ceiling of tcp_tw_reuse
//	sawtooth.go    bursts of success with period T; recovery after the load drops
//	collapse.go    the cost of connect() from half the range on
//	closeshare.go  who holds TIME_WAIT: f
//	onward.go      the same from a table that is partly full, and slowing.go at the pace of connect()
//	finwait2.go    a backend that closes late, where tcp_fin_timeout matters
//	pool.go        new connections per request
//	named.go       source ports that the proxy names by itself, and error 98
//	bursts.go      the same where requests come in bursts: exact, or an interval
//	opened.go      how many a pool has opened when error 99 comes: K
//	buckets.go     tcp_max_tw_buckets, which hides the shortage
//	ejection.go    lines of error 99 against "no live upstreams"
//	erlang.go      random arrivals: Erlang's B formula
//	held.go        connections that are held open; heldtimes.go for random times, heldclose.go
//	               who closes them, heldbroken.go
//	nat.go         ports of a NAT on the way instead of the host's own
//	demand.go      what a run asks of the kernel's other tables
//
// Predict applies them to a run of some length, Look to a load without end, and
// Mitigations are the changes to compare. Figures are the numbers of a result that a law is
// held against, or a scenario's claim.
//
// The formulas follow from the kernel's rules, cited where they are used; the
// constants were measured with nginx 1.22, Apache 2.4.71 and Linux 6.18
// (HZ=250) in separate network namespaces joined by veth. The tests of this
// package hold the measured runs against the formulas. Where kernels differ, the
// laws take what a kernel can do from the Setup, never its version: distributions
// backport.
//
// Further reading:
//
//   - Linux: https://docs.kernel.org/networking/ip-sysctl.html
//   - why TIME_WAIT exists: https://www.rfc-editor.org/rfc/rfc9293#section-3.6
//   - when its tuple may be reused: https://www.rfc-editor.org/rfc/rfc6191
//   - its cost in practice: https://vincent.bernat.ch/en/blog/2014-tcp-time-wait-state-linux
//   - how connect() picks ports: https://blog.cloudflare.com/linux-transport-protocol-port-selection-performance/
//   - random arrivals: https://en.wikipedia.org/wiki/Erlang_(unit)#Erlang_B_formula
//   - nginx's pool: https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
//
// Neighbours: package lab predicts with it before a run, package verdict holds
// measurements against it.
package law
