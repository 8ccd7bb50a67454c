package law

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// Conduct is how a kind of proxy treats its upstream connections. A Setup without one is
// nginx's over HTTP: one connect() for each peer, its end by a FIN, a port by the kernel's
// choice at connect(), no pause after a failure but that of Ejection.
//
// Every kind has been measured with these laws (docs/proxies.md). What decides is three
// questions: who ends a connection and how, what a failed connect() makes the proxy do,
// and who chooses the port.
type Conduct struct {
	CloseShare float64 `json:"close_share"` // f: share of its connections that leave a TIME_WAIT on its side

	// LeastShare and MostShare are the f that were measured where both ends close at
	// once; 0: f is CloseShare. What a run comes to is its outcome.
	LeastShare float64 `json:"least_share,omitempty"`
	MostShare  float64 `json:"most_share,omitempty"`

	// Resets says that it ends a connection by a reset, after which neither end keeps
	// a TIME_WAIT (RFC 9293 §3.10.7.4): f is 0.
	Resets bool `json:"resets,omitempty"`

	// Idle is how many idle connections it keeps for reuse to each destination; 0: none;
	// NoCap: as many as there were at once. nginx has one cache for all servers of a group.
	Idle int `json:"idle,omitempty"`

	// IdleInAll says that Idle is for all destinations together, and all workers, as where
	// each server has a limit of its own.
	IdleInAll bool `json:"idle_in_all,omitempty"`

	Tries int `json:"tries"` // connect() calls of a request that finds no port

	// TriesEach says that it makes them to each destination before it gives up.
	TriesEach bool `json:"tries_each,omitempty"`

	// DialsAside says that it waits for a new connection and for an idle one at once: if
	// that comes first, connect() fails for no request, and Tries is the least.
	DialsAside bool `json:"dials_aside,omitempty"`

	Lines int `json:"lines"` // of error 99 in its log for such a request; 0: it logs none

	// Blackout is how long after a failed connect() it fails every request without
	// another; 0: it tries each time.
	Blackout time.Duration `json:"blackout_ns,omitempty"`

	// Fails is how many connect() fail one after the other until it takes the backend for
	// dead, and fails requests without one; 0: it never does. While it gets requests it then
	// tries each destination by itself once in every Probe, which belongs to no request.
	Fails int           `json:"fails,omitempty"`
	Probe time.Duration `json:"probe_ns,omitempty"`

	// Spent is how many tuples it holds when the load begins, by looking for its backend;
	// SpentEach, how many more towards each destination.
	Spent     int `json:"spent,omitempty"`
	SpentEach int `json:"spent_each,omitempty"`

	// RepeatableOnly says that its idle connections are for requests that can be sent
	// again, and any other gets a connection of its own.
	RepeatableOnly bool `json:"repeatable_only,omitempty"`

	// BindsFirst says that it calls bind() with a source address before connect(),
	// without IP_BIND_ADDRESS_NO_PORT: the kernel then chooses a port that no other
	// socket of that address has, whatever its destination, so K is P for all
	// destinations together (inet_csk_get_port, net/ipv4/inet_connection_sock.c).
	BindsFirst bool `json:"binds_first,omitempty"`

	// OwnPorts is the size of a list of source ports that it administers by itself,
	// for each destination; 0: the kernel chooses. An explicit port with SO_REUSEADDR
	// takes the tuple of its own TIME_WAIT at once, whatever tcp_tw_reuse says, if
	// both ends use timestamps (tcp_twsk_unique, net/ipv4/tcp_ipv4.c).
	OwnPorts int `json:"own_ports,omitempty"`

	// Passes says that it passes client connections on as they are: one of the
	// client's is one upstream, and the client is told of a failure by its end.
	Passes bool `json:"passes,omitempty"`
}

// NoCap is the Idle and the Keepalive of a proxy that closes no connection because others
// are idle already. It may still close one after a time.
const NoCap = math.MaxInt32

// keeps is what Setup.Keepalive is under it: a cap to each destination is one for all.
func (c Conduct) keeps(destinations int) int {
	if c.Idle == NoCap || c.IdleInAll {
		return c.Idle
	}
	return c.Idle * max(destinations, 1)
}

// For is the conduct towards requests of a method.
func (c Conduct) For(method string) Conduct {
	if c.RepeatableOnly && method == http.MethodPost { // idempotent are the others: RFC 9110 §9.2.2
		c.Idle = 0
	}
	return c
}

// By is a setup under a proxy of such a conduct.
func (s Setup) By(c Conduct) Setup {
	s.Conduct, s.Ejection = &c, Ejection{}
	s.CloseShare, s.Keepalive = c.CloseShare, c.keeps(s.Destinations)
	s.Race = c.MostShare > 0
	if c.Resets {
		s.CloseShare, s.Race = 0, false
	}
	if s.Race {
		s.CloseShare = 1
	}
	return s
}

// Tries is how many connect() a request makes before it fails, while all peers are up.
func (s Setup) Tries() int {
	if c := s.Conduct; c != nil && c.TriesEach {
		return max(c.Tries, 1) * max(s.Destinations, 1)
	} else if c != nil {
		return max(c.Tries, 1)
	}
	return s.Ejection.Tries()
}

// LinesPerFailure is how many lines of error 99 the proxy's log has for a request that
// failed by it.
func (s Setup) LinesPerFailure() int {
	if s.Conduct != nil {
		return s.Conduct.Lines
	}
	return s.Ejection.Tries()
}

// blackout is how long it fails requests without a connect() after one has failed.
func (s Setup) blackout() time.Duration {
	if s.Conduct == nil {
		return 0
	}
	return s.Conduct.Blackout
}

// spent is how many tuples are held when the load begins; none where they come back
// before it does.
func (s Setup) spent() float64 {
	if s.Conduct == nil || s.reuses() || s.reusesOwn() {
		return 0
	}
	return float64(s.Conduct.Spent + s.Conduct.SpentEach*max(s.Destinations, 1))
}

// period is from one burst of successes to the next: T, or the first try after it where
// there is one only so often.
func (s Setup) period() time.Duration {
	hold, dark := s.costs(), s.blackout()
	if dark <= 0 {
		return hold
	}
	full := time.Duration(s.fillTime(float64(s.Tuples())) * float64(time.Second))
	waits := max(1, (hold-full+dark-1)/dark)
	return full + waits*dark
}

// reusesOwn says whether the proxy takes back a port of its own list at once.
func (s Setup) reusesOwn() bool {
	return s.Conduct != nil && s.Conduct.OwnPorts > 0 && !s.NoTimestamps
}

// logLines holds the log of a kind of proxy to its conduct. Under a blackout the log shows
// the tries between which there is one, and those are a matter of when ports come back.
func (r Run) logLines(seen float64) *Compared {
	c := r.Setup.Conduct
	if c.Lines == 0 || c.Blackout > 0 {
		return nil
	}
	lines := or0(r.Measured("error_99")) * float64(c.Lines)
	return &Compared{Predicted: &lines, Measured: &seen, Tolerance: r.underWay() * max(or0(r.Measured("error_99")), 1)}
}

// TriesPerFailure is how many connect() fail for one failed request, as the kernel was
// seen to be asked. It is a whole number, as a request is tried so often, or not at all,
// but for probes that belong to none.
var TriesPerFailure = Law{
	ID:     "tries_per_failure",
	Name:   "connect() per failed request",
	Words:  "connect() per failed request",
	Figure: "tries_per_failure",
	More:   MoreSevere,
	Compare: func(r Run) *Compared {
		seen := r.Measured("tries_per_failure")
		if seen == nil || r.Setup.Conduct == nil || r.Setup.Conduct.DialsAside {
			return nil
		}
		p, tolerance := r.tries()
		return &Compared{Predicted: &p, Measured: seen, Tolerance: tolerance}
	},
	Check: func(r Run) *Checked {
		seen := r.Measured("tries_per_failure")
		if seen == nil || r.Setup.Conduct == nil {
			return nil
		}
		p, tolerance := r.tries()
		ok, words := math.Abs(*seen-p) <= tolerance, "exact but for the requests under way when the load ends"
		switch c := r.Setup.Conduct; {
		case c.DialsAside:
			ok, words = *seen >= p-tolerance, "or more, as it dials while it waits for an idle connection"
		case c.Fails > 0:
			words += fmt.Sprintf(", and for probes: one to each backend in each %s in which it is taken for dead, ± 2",
				c.Probe)
		}
		return &Checked{
			OK:        ok,
			Predicted: &p,
			Measured:  seen,
			Law:       "connect() calls that failed / requests that failed by them, " + words,
			Text:      fmt.Sprintf("predicted %.3g, measured %.3f", p, *seen),
		}
	},
}

// tries is what TriesPerFailure predicts, and how far that may be off.
func (r Run) tries() (predicted, tolerance float64) {
	c, failed := r.Setup.Conduct, max(or0(r.Measured("error_99")), 1)
	predicted, tolerance = float64(r.Setup.Tries()), r.underWay()
	if c.Fails > 0 && r.Setup.RatePerS > 0 && or0(r.Measured("no_live_upstreams")) > 0 {
		dead := r.EndS - or0(r.Measured("first_error_99_s")) - failed/r.Setup.RatePerS
		peers := float64(max(r.Setup.Destinations, 1))
		predicted += peers * max(0, dead) / c.Probe.Seconds() / failed
		tolerance = 2 * peers / failed // and no request is under way
	}
	return predicted, tolerance
}

// underWay is how far the tries per failure may be off because of requests that were
// under way when the load ended: those of one burst, or of a tenth of a second.
func (r Run) underWay() float64 {
	failed := or0(r.Measured("error_99"))
	some := max(1, r.Setup.RatePerS*r.Setup.Burst.Seconds(), 0.1*r.Setup.RatePerS)
	return some * float64(r.Setup.Tries()) / max(failed, 1)
}

// Blackout is how long a proxy fails every request after its first failure, though the
// kernel has ports again. It shows only where T is shorter.
var Blackout = Law{
	ID:     "blackout",
	Name:   "blackout after the first failure",
	Words:  "blackout",
	Unit:   Seconds,
	Figure: "blackout_s",
	More:   MoreSevere,
	Compare: func(r Run) *Compared {
		p := r.blackout()
		if p == nil {
			return nil
		}
		return &Compared{Predicted: p, Measured: r.Measured("blackout_s"), Tolerance: blackoutTolerance}
	},
	Check: func(r Run) *Checked {
		p, seen := r.blackout(), r.Measured("blackout_s")
		if p == nil || seen == nil {
			return nil
		}
		return &Checked{
			OK: math.Abs(*seen-*p) <= blackoutTolerance, Predicted: p, Measured: seen,
			Law:  fmt.Sprintf("from the first failure to the next success, ± %g s", blackoutTolerance),
			Text: fmt.Sprintf("predicted %.2f s, measured %.2f s", *p, *seen),
		}
	},
}

// blackoutTolerance is two intervals of the samples, and one for the request that ends
// the blackout.
const blackoutTolerance = 0.3 // seconds

// blackout is the law's, if the ports are back before it ends and the load lasts longer.
func (r Run) blackout() *float64 {
	b, first := r.Setup.blackout().Seconds(), r.Measured("first_error_99_s")
	if b == 0 || first == nil || r.Predicted.HoldS >= b || *first+b+1 > r.EndS {
		return nil
	}
	return &b
}

// RangeOf are the moments of the first error 99 at the largest and the smallest of the
// shares f that a race was seen to come to; nil where it does not come.
func (s Setup) RangeOf(least, most float64) (early, late *float64) {
	at := func(f float64) *float64 {
		s.CloseShare, s.Race = f, false
		return Predict(s).FirstError99S
	}
	return at(most), at(least)
}
