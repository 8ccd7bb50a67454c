package nginxconf

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

var loopbackBackend = Rule{
	ID: "loopback-backend", Level: Note,
	Doc: "The backend is on the proxy's own loopback interface. Linux uses a port in TIME_WAIT again after one " +
		"second there (tcp_tw_reuse=2, the default), so error 99 comes at other rates than towards another host, " +
		"and in a container 127.0.0.1 is the container itself.",
	check: func(k *checker) {
		for p := range k.peers() {
			if p.Loopback() {
				k.report(Note, p.Directive, p.Word, "a Unix-domain socket takes no ports at all",
					"%s is this host's loopback interface: by default its ports are free again after a second",
					p.Destination())
			}
		}
	},
}

// peers are the peers of all groups and hosts that routes use.
func (k *checker) peers() iter.Seq2[Peer, *Upstream] {
	return func(yield func(Peer, *Upstream) bool) {
		seen := map[*Upstream]bool{}
		for _, r := range k.routes {
			if r.Upstream == nil || seen[r.Upstream] {
				continue
			}
			seen[r.Upstream] = true
			for _, p := range r.Upstream.Peers {
				if !yield(p, r.Upstream) {
					return
				}
			}
		}
	}
}

var unixSocket = Rule{
	ID: "unix-socket", Level: Note,
	Doc: "A Unix-domain socket takes no port: error 99 cannot come from it. What comes in its place is error 11 " +
		"when the backend accepts too slowly.",
	check: func(k *checker) {
		for p, u := range k.peers() {
			if !p.Unix {
				continue
			}
			after, fix := "", "none is needed"
			spare := u.Spare()
			if i := slices.IndexFunc(spare, takesPorts); i >= 0 && !p.Backup {
				after = fmt.Sprintf(" from it; when it fails, the backup %s takes ports", spare[i].Destination())
				fix = "none is needed; a backup that is a socket as well takes none either"
			}
			k.report(Note, p.Directive, p.Word, fix,
				"%s is a Unix-domain socket: it takes no port, and error 99 cannot come%s", p.Address, after)
		}
	},
}

var unevenServers = Rule{
	ID: "uneven-servers", Level: Warning,
	Doc: "Each destination has its own source ports. Where one gets more than its share of the requests, its " +
		"ports end first, and error 99 comes after ports / (rate x share) rather than after all of them are used.",
	check: func(k *checker) {
		for _, r := range k.groups() {
			u := r.Upstream
			destinations, shares := u.shares()
			down := 0
			for _, p := range u.Peers {
				if p.Down {
					down++
				}
			}
			level := Warning
			if r.Pool.State == PoolWorks || !r.Ports() {
				level = Note
			}
			n, total, heaviest := 0, 0.0, 0.0 // of those that take ports
			for _, s := range r.Shares() {
				if !s.Unix {
					n, total, heaviest = n+1, total+s.Share, max(heaviest, s.Share)
				}
			}
			for _, p := range u.up() {
				d := p.Destination()
				if n > 1 && !p.Unix && shares[d] == heaviest && heaviest*float64(n) > 1.01*total {
					k.report(level, p.Directive, p.Word,
						"spread the requests evenly, or give the heavy server more ports or addresses",
						"%s gets %.0f %% of the requests of upstream %s: its ports end first, at %.2f times "+
							"the time of even shares", d, 100*heaviest, u.Name, total/(heaviest*float64(n)))
					break
				}
			}
			if down > 0 && len(destinations) > 0 {
				k.report(Note, u.Directive, 0, "count only the servers that are up",
					"%d of %d servers of upstream %s marked down: only the ports towards the others count",
					down, len(u.Peers), u.Name)
			}
			if len(destinations) == 0 && len(u.Peers) > 0 {
				k.report(Error, u.Directive, 0, "bring a server up",
					"no server of upstream %s is up: nginx answers 502, \"no live upstreams\"", u.Name)
			}
			if u.Method == IPHash || u.Method == Hash {
				k.report(Note, u.balancer, 0, "none is needed with many different keys",
					"%s decides by a key: one client alone reaches one server of %d, and uses its ports only",
					u.balancer.Source(), len(destinations))
			}
		}
	},
}

var duplicateAddress = Rule{
	ID: "duplicate-address", Level: Warning,
	Doc: "Source ports are counted per destination address and port. A server that is listed twice is one " +
		"destination, so the second line adds no ports.",
	check: func(k *checker) {
		for _, r := range k.groups() {
			first := map[string]*Directive{}
			for _, p := range r.Upstream.Peers {
				d := p.Destination()
				if at := first[d]; at != nil && !p.Unix {
					k.report(Warning, p.Directive, p.Word,
						"give it an address or a port of its own, or weight= in the first line",
						"%s is in line %d already: one destination, and so the same source ports", d, at.Line)
				} else if at == nil {
					first[d] = p.Directive
				}
			}
		}
	},
}

var peerEjection = Rule{
	ID: "peer-ejection", Level: Note,
	Doc: "With several servers a failed connect() counts against the server, though the shortage is nginx's own. " +
		"After max_fails of them (1 by default) the server gets nothing for fail_timeout, and when all are out " +
		"nginx answers 502, `no live upstreams`, without trying: few lines of error 99, many failures. " +
		"`max_fails=0` turns that off.",
	check: func(k *checker) {
		for _, r := range k.groups() {
			u := r.Upstream
			up := u.up()
			ejected, longest := 0, time.Duration(0)
			for _, p := range up {
				if p.MaxFails > 0 && p.FailTimeout > 0 && !p.Unix {
					ejected++
					longest = max(longest, p.FailTimeout)
				}
			}
			if len(u.Peers) > 1 && ejected > 0 { // nginx counts those that are down
				then := "when all are out nginx answers \"no live upstreams\" without a connect()"
				if spare := u.Spare(); ejected < len(up) {
					then = "the others then get their requests"
				} else if len(spare) > 0 {
					then = fmt.Sprintf("when all are out the backup %s gets their requests", spare[0].Destination())
				}
				k.report(Note, u.Directive, 1, "max_fails=0 on each server keeps a shortage of ports from "+
					"taking servers out",
					"error 99 takes %d of %d servers of upstream %s out for %v each; %s", ejected, len(up), u.Name,
					longest, then)
			}
		}
	},
}

var retryAmplifies = Rule{
	ID: "retry-amplifies", Level: Note,
	Doc: "A failed connect() is tried at the next server, `proxy_next_upstream error`, the default. In a shortage " +
		"of ports every try fails after it has looked at every port: one failed request costs as many connect() " +
		"and lines in the log as there are servers. An error_page that leads to another pass asks for yet " +
		"another connection.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if r.Retry.PerFailure > 1 && r.Ports() {
				d := r.Pass
				if r.Retry.Directive != nil {
					d = r.Retry.Directive
				}
				name, _ := cutPass(r.Pass)
				k.report(Note, d, 0, fmt.Sprintf("`%s_next_upstream off;` or `%[1]s_next_upstream_tries 1;` "+
					"makes it one", name),
					"a request to %s that finds no port makes %d connect() before it fails, each a line of "+
						"error 99", r.Upstream.Name, r.Retry.PerFailure)
			}
			for _, e := range r.Hides {
				if e.Passes {
					k.report(Warning, e.Directive, len(e.Directive.Words)-1,
						"let nginx answer a failure itself, with return or a file",
						"a request that found no port is passed on again, to %s: each failure needs another "+
							"connection", e.Target)
				}
			}
		}
	},
}
