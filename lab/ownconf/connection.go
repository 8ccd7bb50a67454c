package ownconf

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// pool sets what the group keeps.
func (t *Told) pool() {
	p, s := t.Route.Pool, &t.Setup
	where := "the release's default"
	if p.Directive != nil {
		where = t.At(p.Directive)
	}
	switch p.State {
	case nginxconf.PoolNone:
		t.fact("pool", "none: %s", p.Why)
		return
	case nginxconf.PoolInert:
		t.fact("pool", "%d idle connections a worker, %s, and inert: %s", p.Size, where, p.Why)
		return
	}
	s.Keepalive, s.RequestsPerConn = p.Size, p.Requests
	t.fact("pool", "%d idle connections a worker, %s; %s a connection, so at best %s new connections a request",
		p.Size, where, format.Plural(p.Requests, "request"), format.Number(1/float64(max(1, p.Requests))))
	if churn := t.thrash(); churn > 0 {
		t.fact("small pool", "fewer than the %d servers: "+
			"%s of the requests find the connection to their server given up, and open one",
			t.servers(), format.Percent(churn))
	}
	if http(t.Route) {
		t.unknown("", "how many requests the backend serves on a connection: one that closes each of them "+
			"(Apache's KeepAlive Off) makes the pool useless")
	} else {
		t.unknown("", "how many requests the backend serves on a connection before it closes it: one each makes "+
			"the pool useless")
	}
	_, s.Churn = t.ChurnRange()
	if s.Workers == 0 {
		t.unknown("workers", "how many workers there are, each of which has a pool of its own: the pool counts as "+
			"that of one worker")
	}
	if s.InFlight == 0 {
		t.unknown("backend-ms", "how many requests are under way at once: "+
			"the pool is taken to be large enough for them")
	}
}

// servers is how many destinations share the pool: nginx looks for an idle
// connection by address.
func (t *Told) servers() int { return len(t.Route.Shares()) }

// thrash is the churn of a pool that has fewer places than there are servers, 0
// for one that is large enough. nginx chooses the server first and then looks for
// a connection to it, and gives up the one that was used longest ago: where
// servers come in turn, that is the next one's.
func (t *Told) thrash() float64 {
	n := t.servers()
	if k := t.Route.Pool.Size; k < n && t.Route.Pool.State == nginxconf.PoolWorks {
		switch t.Route.Upstream.Method {
		case nginxconf.RoundRobin, nginxconf.LeastConn:
			return 1
		case nginxconf.Random:
			return 1 - float64(k)/float64(n)
		}
	}
	return 0
}

// ChurnRange is the least and the most new connections per request that the
// pool leaves: it depends on how requests end, one by one or all at once.
func (t *Told) ChurnRange() (least, most float64) {
	s := t.Setup
	p := s.Pool()
	if c := t.thrash(); c > 0 {
		return c, max(c, p.Churn())
	}
	return p.LeastChurn(), p.Churn()
}

// closer sets f.
func (t *Told) closer() {
	r, s := t.Route, &t.Setup
	if http(r) && !r.Header.Known {
		t.unknown("close-share", "which Connection header the backend gets (%s): close makes a race of who "+
			"closes, and keeps the connection out of any pool", r.Header.Value)
	}
	switch {
	case s.NAT:
		t.fact("closes first", "any: a NAT holds a port whichever end closes")
	case r.CloseShare == nil:
		s.CloseShare, s.Race = 1, true
		t.fact("closes first", "a race: nginx and the backend close at the same time, and f is an outcome; f = 1 "+
			"is the worst")
		t.unknown("close-share", "f: %.2g to %.2g were measured, the less the busier nginx is, and error 99 comes "+
			"1/f times as late as said, or never",
			law.LeastRaceShare, law.MostRaceShare)
	default:
		s.CloseShare = *r.CloseShare
		t.fact("closes first", "%s, f = %g", r.ClosesFirst, s.CloseShare)
		if http(r) && r.Pool.State == nginxconf.PoolNone {
			t.unknown("close-share", "whether the backend leaves a connection open after its response, as by "+
				"default: one that closes it too makes a race of it")
		}
		if r.Protocol == nginxconf.TCP {
			t.unknown("close-share", "whether client or backend end a session: f = 1 counts as if the client did, "+
				"or nginx by a timeout")
		}
	}
}

// failures sets what a failed connect() sets off.
func (t *Told) failures() {
	r, s := t.Route, &t.Setup
	s.Ejection = law.Ejection{Peers: 1, MaxFails: 1, NoRetry: !r.Retry.On || r.Retry.Tries == 1}
	up := 0
	if r.Upstream != nil {
		for _, p := range r.Upstream.Peers {
			s.Ejection.Beside = s.Ejection.Beside || p.Down
			if p.Down || p.Backup {
				continue
			}
			if up == 0 {
				s.Ejection.MaxFails, s.Ejection.FailTimeout = p.MaxFails, p.FailTimeout
			}
			up++
		}
	}
	s.Ejection.Peers = max(1, up)
	tries := max(1, r.Retry.PerFailure)
	text := "a request that finds no port makes one connect() and a line of error 99"
	if tries > 1 {
		text = fmt.Sprintf("a request that finds no port makes %d connect(), each a line of error 99", tries)
	}
	if s.NAT {
		text = fmt.Sprintf("a request that finds no port waits for proxy_connect_timeout, at %s",
			format.Plural(tries, "peer"))
	}
	switch socket := r.RetrySocket(); {
	case socket != "":
		text += fmt.Sprintf("; then %s answers it, which takes no port", socket)
		t.unknown("", "that a request which found no port is answered by %s: it counts as failed", socket)
	case (up > 1 || s.Ejection.Beside) && s.Ejection.MaxFails > 0:
		text += fmt.Sprintf("; then nginx takes the peers out for %v and answers \"no live upstreams\" without "+
			"one", s.Ejection.FailTimeout)
	}
	t.fact("on a failure", "%s", text)
	for _, e := range r.Hides {
		answer := e.Target
		if e.Seen != 0 && e.Seen != 502 {
			answer += fmt.Sprintf(" with status %d", e.Seen)
		}
		t.fact("clients see", "%s in place of nginx's 502 (%s): the shortage shows in nginx's log",
			answer, t.At(e.Directive))
	}
}

// besides are things that change how many requests need a connection.
func (t *Told) besides() {
	r := t.Route
	if c := r.Cache; c != nil {
		t.unknown("rate", "how many requests %s %s answers (%s): the rate is that of the others",
			c.Directive.Name(), c.Zone,
			t.At(c.Directive))
	}
	for _, d := range r.Limits {
		t.unknown("rate", "what %s lets through (%s): the rate is what is left", d.Source(), t.At(d))
	}
	u := r.Upstream
	if u == nil {
		return
	}
	switch lua := u.Lua(); u.Method {
	case nginxconf.IPHash, nginxconf.Hash:
		t.unknown("", "how %s spreads the requests: as weights do, which needs many different keys",
			strings.ReplaceAll(string(u.Method), "_", " "))
	case nginxconf.OtherMethod:
		if lua != nil {
			t.unknown("destinations", "which peers %s chooses (%s): the servers of the file count, "+
				"and each address of the real ones has a full set of ports", lua.Name(), t.At(lua))
			break
		}
		t.unknown("", "how the load balancer of upstream %s spreads the requests: they count as spread by "+
			"weights", u.Name)
	}
	for _, p := range u.Peers {
		if p.MaxConns > 0 {
			t.unknown("", "what max_conns=%d turns away (%s): it counts as nothing", p.MaxConns, t.At(p.Directive))
			break
		}
	}
}
