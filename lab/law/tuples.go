package law

import (
	"math"
	"time"
)

// TuplesInUse is K, all of which are taken when error 99 comes.
var TuplesInUse = Law{
	ID: "ports_peak", Name: "tuples in use at the most", Unit: "tuples",
	Figure: "ports_peak", More: LessSevere,
	Compare: func(r Run) *Compared {
		used := r.Measured("ports_peak")
		if used == nil || r.Measured("first_error_99_s") == nil || r.first() == nil || r.Setup.Uneven() {
			return nil
		}
		k := float(r.law().Tuples)
		burst := r.Setup.RatePerS * r.Setup.Burst.Seconds() // of a burst some come and go between two samples
		return &Compared{Predicted: k, Measured: used, Tolerance: max(0.01**k, burst)}
	},
}

// LoadFactor is ρ. Of a pool the law does not know the exact churn, and of connections that
// are held few may have ended: HeldCloser says what they leave behind.
var LoadFactor = Law{
	ID: "rho", Name: "load factor ρ", Figure: "rho", More: MoreSevere,
	Forecast: func(p Prediction) *float64 { return &p.Rho },
	Compare: func(r Run) *Compared {
		rho, seen := r.law().Rho, r.Measured("rho")
		if r.Setup.Keepalive > 0 || r.Setup.Held() || r.estimated() || seen == nil {
			return nil
		}
		return &Compared{Predicted: &rho, Measured: seen, Tolerance: 0.1 * rho}
	},
}

// PerDestination is how many tuples each destination has: nginx takes the
// destinations in turn, and for each the sources at random.
func (s Setup) PerDestination() int { return s.Ports * s.Sources }

// Tuples is K = P·S·D, the connections that can exist at once, TIME_WAIT
// included. A port is taken per (source, destination) pair: the kernel looks
// for the whole tuple in its table (__inet_check_established,
// net/ipv4/inet_hashtables.c). Another port of the backend is as good as
// another address; the same address and port listed again gives nothing.
//
// Where weights give one pair of source and destination the share w of the
// requests, its ports end first, and K is what all have taken by then,
//
//	K = P / w
//
// With weights of 9 and 1, 500 ports and 200 a second error 99 was due after
// 2.78 s. What comes later is more than K says: the other pairs have ports left.
func (s Setup) Tuples() int {
	all := s.allTuples()
	if s.HeaviestShare > 0 {
		return min(all, int(math.Floor(float64(s.Ports)/s.HeaviestShare+1e-6)))
	}
	return all
}

// Uneven says whether one pair of source and destination runs out before others.
func (s Setup) Uneven() bool { return s.Tuples() < s.allTuples() }

// allTuples are those of all pairs of source and destination. A proxy may choose its ports
// otherwise than the kernel does at connect() (conduct.go).
func (s Setup) allTuples() int {
	switch c := s.Conduct; {
	case s.NamedPorts > 0:
		return s.NamedPorts * s.Sources
	case c != nil && c.OwnPorts > 0:
		return c.OwnPorts * s.Sources * s.Destinations
	case c != nil && c.BindsFirst:
		return s.Ports * s.Sources
	}
	return s.Ports * s.Sources * s.Destinations
}

// Overlooked is how many tuples may be left when connect() fails: of a range with
// an odd number of ports it tries one less than there are, another one left out
// each time, so that the last free port towards a destination may be missed
// (remaining &= ~1U in __inet_hash_connect, net/ipv4/inet_hashtables.c). Seen at 737
// ports: 736 successes, and 737 more often.
func Overlooked(ports, tuples int) int {
	if ports%2 == 0 || ports < 3 {
		return 0
	}
	return tuples / ports
}

// HoldTime is T, how long a closed tuple stays blocked.
//
// tcp_tw_reuse=1 gives a TIME_WAIT away once it is tcp_tw_reuse_delay old, if
// both ends used timestamps (tcp_twsk_unique, net/ipv4/tcp_ipv4.c); 2, the
// default since Linux 4.19, does so for loopback addresses only. Before 6.14 the
// delay is up to the next full second (seconds.go).
// tcp_fin_timeout has no say in TIME_WAIT, but in the FIN_WAIT2 before it.
// https://docs.kernel.org/networking/ip-sysctl.html
func (s Setup) HoldTime() time.Duration {
	if s.reusesOwn() {
		return 0
	}
	hold := s.Hold
	if s.reuses() {
		hold = min(hold, s.ReuseDelay)
	}
	return s.afterFinWait2(hold)
}

// reuses says whether tcp_tw_reuse takes effect. It is for connect(): a bind() takes
// no port that a TIME_WAIT has (inet_csk_get_port, net/ipv4/inet_connection_sock.c).
func (s Setup) reuses() bool {
	on := (s.TwReuse == 1 || s.TwReuse == 2 && s.Loopback) && !s.NoTimestamps
	binds := s.NamedPorts != 0 || s.Conduct != nil && s.Conduct.BindsFirst
	return on && !binds && !s.NAT
}

// Rho is the load factor ρ = f·R·churn·T/K: the share of the tuples that
// TIME_WAIT would hold in the long run if there were no end of them.
// A tcp_max_tw_buckets of M below that limits it to M/K.
func (s Setup) Rho() float64 {
	if s.Tuples() == 0 {
		return 0
	}
	return s.heldInTheLongRun() / float64(s.Tuples())
}

// Occupied is the share of the tuples that are taken in the long run, by
// TIME_WAIT and by requests under way, ρ + c/K; above 1 where there are too few.
func (s Setup) Occupied() float64 {
	if s.Tuples() == 0 {
		return 0
	}
	return (s.heldInTheLongRun() + s.InFlight) / float64(s.Tuples())
}

// connectionsPerS is R·churn.
func (s Setup) connectionsPerS() float64 { return s.RatePerS * s.Churn }

// fillPerS is f·R·churn, tuples that go into TIME_WAIT per second.
func (s Setup) fillPerS() float64 { return s.CloseShare * s.connectionsPerS() }

// perRequestS is how many tuple-seconds a request costs, churn·(f·T + t), with
// t = c/(R·churn) the time a connection lives.
func (s Setup) perRequestS() float64 {
	return s.Churn*s.CloseShare*s.HoldTime().Seconds() + s.InFlight/s.RatePerS
}

// heldInTheLongRun is how many tuples TIME_WAIT would hold without a limit.
func (s Setup) heldInTheLongRun() float64 {
	held := s.fillPerS() * s.HoldTime().Seconds()
	if s.MaxTwBuckets > 0 {
		held = min(held, float64(s.MaxTwBuckets))
	}
	return held
}

// EarlyBySplit is how much earlier than K/(fR), as a share of it, the first
// error 99 may come where requests are split at random over n sources that have
// so many tuples towards one destination.
//
// One source is full while the others still have ports. After K requests each
// has had a binomial share of them, K/n with a standard deviation of
// sqrt(K·(1/n)(1-1/n)), which is sqrt((n-1)/K) of its share; three of those
// cover all but some runs in a thousand. The successes before all are full are
// K all the same. Measured: 4.23 s for 4.5 s with 3 sources of 300 ports.
func EarlyBySplit(n, tuples int) float64 {
	if n < 2 || tuples < 1 {
		return 0
	}
	return min(1, 3*math.Sqrt(float64(n-1)/float64(tuples)))
}
