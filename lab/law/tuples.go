package law

import (
	"math"
	"time"
)

// Tuples is K = P·S·D, the connections that can exist at once, TIME_WAIT
// included. A port is taken per (source, destination) pair: the kernel looks
// for the whole tuple in its table (__inet_check_established,
// net/ipv4/inet_hashtables.c). Another port of the backend is as good as
// another address; the same address and port listed again gives nothing.
func (s Setup) Tuples() int { return max(s.Ports, 0) * max(s.Sources, 1) * max(s.Destinations, 1) }

// HoldTime is T, how long a closed tuple stays blocked.
//
// tcp_tw_reuse=1 gives a TIME_WAIT away once it is tcp_tw_reuse_delay old, if
// both ends used timestamps (tcp_twsk_unique, net/ipv4/tcp_ipv4.c); 2, the
// default since Linux 4.19, does so for loopback addresses only.
// tcp_fin_timeout has no say in TIME_WAIT.
// https://docs.kernel.org/networking/ip-sysctl.html
func (s Setup) HoldTime() time.Duration {
	hold, delay := s.Hold, s.ReuseDelay
	if hold <= 0 {
		hold = TimeWait
	}
	if delay <= 0 {
		delay = ReuseDelay
	}
	reuse := s.TwReuse == 1 || s.TwReuse == 2 && s.Loopback
	if reuse && !s.NoTimestamps {
		return min(hold, delay)
	}
	return hold
}

// Rho is the load factor ρ = f·R·churn·T/K: the share of the tuples that
// TIME_WAIT would hold in the long run if there were no end of them.
//
// A tcp_max_tw_buckets of M below that limits it to M/K: the kernel then drops
// connections without TIME_WAIT (TCPTimeWaitOverflow), which hides the
// shortage by giving up the protection.
func (s Setup) Rho() float64 {
	s = s.normal()
	if s.Tuples() == 0 {
		return 0
	}
	return s.heldInTheLongRun() / float64(s.Tuples())
}

// connectionsPerS is R·churn.
func (s Setup) connectionsPerS() float64 { return s.RatePerS * s.Churn }

// fillPerS is f·R·churn, tuples that go into TIME_WAIT per second.
func (s Setup) fillPerS() float64 { return s.CloseShare * s.connectionsPerS() }

// heldInTheLongRun is how many tuples TIME_WAIT would hold without a limit.
func (s Setup) heldInTheLongRun() float64 {
	held := s.fillPerS() * s.HoldTime().Seconds()
	if s.MaxTwBuckets > 0 {
		held = min(held, float64(s.MaxTwBuckets))
	}
	return held
}

// fails says whether error 99 comes at all: f·R·churn·T + c > K.
func (s Setup) fails() bool { return s.heldInTheLongRun()+s.InFlight > float64(s.Tuples()) }

// fillTime is how many seconds it takes to occupy m tuples, for an m that is
// ever occupied: m/(f·R·churn) if requests are quick.
//
// The c requests under way hold a tuple each, whichever end will close it and
// whatever the pool, which is empty at first: those are made in c/R. Of later
// connections the share f stays behind. At f=1 without a pool that is m/R
// however long a request takes, because a tuple is gone from connect() on.
func (s Setup) fillTime(m float64) float64 {
	if s.InFlight >= m {
		return m / s.RatePerS
	}
	return s.InFlight/s.RatePerS + (m-s.InFlight)/s.fillPerS()
}

// firstError99 is the second of the first error 99, K/(f·R·churn) if requests
// are quick; nil if it never comes. A slow backend needs no TIME_WAIT for it:
// with c ≥ K it is K/R.
func (s Setup) firstError99() *float64 {
	if !s.fails() {
		return nil
	}
	at := s.fillTime(float64(s.Tuples()))
	return &at
}

// okBeforeError99 is how many requests have succeeded by then: K/(f·churn) if
// they are quick, less those under way. Failed attempts spend no tuple, so
// this counts exactly even if the clock does not.
func (s Setup) okBeforeError99() int {
	k, c := float64(s.Tuples()), s.InFlight
	if c >= k {
		return 0
	}
	return int(math.Round((k - c) / s.CloseShare / s.Churn))
}

// steadyOK is the long-run rate of successes: min(R, K/(churn·(f·T+t))), with
// t = c/(R·churn) the time a connection lives. For quick requests and f=1
// that is K/T, 16.4 a second per 1,000 tuples. It is an average over a saw-tooth:
// within a cycle of T everything succeeds until the table is full, then
// nothing does until the first tuples come back. Failed attempts do not
// prolong it. After a collapse it is an upper bound.
func (s Setup) steadyOK() float64 {
	if !s.fails() {
		return s.RatePerS
	}
	perConnection := s.CloseShare*s.HoldTime().Seconds() + s.InFlight/s.connectionsPerS()
	return min(s.RatePerS, float64(s.Tuples())/perConnection/s.Churn)
}

// verdict is the word for p within the duration.
func (s Setup) verdict(p Prediction) string {
	within := func(at *float64) bool { return at != nil && *at <= s.Duration.Seconds() }
	switch {
	case within(p.FirstError99S):
		if b := s.Baseline; b != nil && b.FirstError99S != nil &&
			*p.FirstError99S > *b.FirstError99S+Tolerance(*b.FirstError99S) {
			return Postponed
		}
		return Reproduced
	case within(p.CollapseS):
		return Collapsed
	case p.Rho > SteadyRho || p.FirstError99S != nil:
		return Inconclusive
	case s.Baseline == nil:
		return NotReproduced
	}
	return Mitigated
}

// Tolerance is how far a measured moment may be from a predicted one, in
// seconds: 2 %, but never less than 30 ms, which is what starting the load
// and noticing the first reply cost.
func Tolerance(predictedS float64) float64 { return max(0.02*math.Abs(predictedS), 0.030) }
