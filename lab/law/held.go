package law

import (
	"fmt"
	"math"
	"time"
)

// A held connection is a request under way for as long as it is held. At R a second,
// each held for H on average,
//
//	A = R·H  Erlang
//
// are alive at once, a tuple each, without any TIME_WAIT. A tuple is taken from connect()
// on, so the first connection that finds none comes
//
//	K/R  seconds after the load began, if A > K, or if the proxy closes first and T > K/R
//
// whatever H is beyond that. If the client closes first, the proxy passes its FIN on and
// is the first to close towards the backend: f = 1, and each tuple costs H + T. If the
// backend does, f = 0 and it costs H. In the long run K/(H + f·T) a second are taken in,
// and of random arrivals Erlang's B formula refuses B(K, R·(H + f·T)), whichever way the
// times are distributed (erlang.go).
//
// With one time for all and even arrivals what is held comes back as it came: K/R seconds
// of success in each H. Of times without memory some are over before K/R, and the table
// fills later, or for moments only (heldtimes.go).
//
// A connection is alive to the client from its first answer on, and holds its tuple from
// a moment before to a moment after. That moment is a round trip, or some.

// Holding is a setup whose requests are connections, held for so long on average; fixed
// is one time for all. clientCloses says which side ends them.
func (s Setup) Holding(on time.Duration, fixed, clientCloses bool) Setup {
	s.HeldFor, s.HeldFixed = on, fixed
	s.InFlight = s.RatePerS * on.Seconds()
	s.Race, s.CloseShare = false, 0
	if clientCloses {
		s.CloseShare = 1
	}
	return s
}

// Held says whether requests are connections that are held.
func (s Setup) Held() bool { return s.HeldFor > 0 }

// Unit is what a load has so many of a second.
func (s Setup) Unit() string {
	if s.Held() {
		return "connections"
	}
	return "requests"
}

// Settled is how long it takes from an empty table until as much of it is taken as on
// average: T, as all is held for that long, or for held connections what those are held
// for. Times without memory come near their average as 1 − exp(−t/H), to 5 % after 3 H.
func (s Setup) Settled() time.Duration {
	if !s.Held() {
		return s.HoldTime()
	}
	settled := s.HeldFor
	if !s.HeldFixed {
		settled *= 3
	}
	if s.CloseShare > 0 {
		settled += s.HoldTime()
	}
	return settled
}

// costs is how long a tuple that is taken stays so: T, and of a held connection H before it.
func (s Setup) costs() time.Duration {
	if !s.Held() {
		return s.HoldTime()
	}
	return s.HeldFor + time.Duration(s.CloseShare*float64(s.HoldTime()))
}

// HeldAlive is the most connections that were alive at once.
//
// One time for all and even arrivals make it min(R·H, K) exactly. Otherwise the number is
// a Poisson variable of the mean A, where nothing refuses it, and the highest of a run is
// some of its standard deviations above: four cover all but some in ten thousand moments.
var HeldAlive = Law{
	ID:      "held_alive",
	Name:    "connections alive at the most",
	Words:   "connections alive at once, peak",
	Unit:    "connections",
	Figure:  "alive_peak",
	More:    Either,
	Compare: func(r Run) *Compared { return r.heldAlive() },
	Check: func(r Run) *Checked {
		c := r.heldAlive()
		if c == nil {
			return nil
		}
		words := fmt.Sprintf("min(R·H, K), within 2 %%, and at least 3 or what comes in %g s", noticedLate)
		if c.Most != nil {
			words = "R·H, up to four standard deviations more, and K at the most"
		}
		return &Checked{
			OK: math.Abs(*c.Off()) <= c.Tolerance, Law: words, Predicted: c.Predicted, Measured: c.Measured,
			Text: fmt.Sprintf("%.4g Erlang on %d tuples: predicted %.0f, at the most %.0f, measured %.0f",
				r.Setup.InFlight, r.Predicted.Tuples, *c.Predicted, max(*c.Predicted, or0(c.Most)), *c.Measured),
		}
	},
}

func (r Run) heldAlive() *Compared {
	seen, s := r.Measured("alive_peak"), r.Setup
	chance := s.Burst > 0 && !s.HeldFixed                                           // of what is left of some bursts
	lost := !s.heldEvenly() && s.CloseShare > 0 && r.Predicted.FirstError99S != nil // to TIME_WAIT, as chance has it
	if !s.Held() || seen == nil || r.Predicted.Rough() || !r.even() || lost || chance {
		return nil
	}
	k, a := float64(r.Predicted.Tuples), s.aliveAfter(r.EndS)
	p := min(a, k)
	c := &Compared{Predicted: &p, Measured: seen, Tolerance: max(3, 0.02*p, noticedLate*s.RatePerS)}
	if !s.heldEvenly() {
		c.Most, c.Tolerance = new(min(a+4*math.Sqrt(a), k)), max(c.Tolerance, math.Sqrt(p))
	}
	return c
}

// aliveAfter is how many would be alive t seconds after the load began, if none was refused.
func (s Setup) aliveAfter(t float64) float64 {
	h := s.HeldFor.Seconds()
	switch {
	case s.HeldFixed && s.Burst > 0:
		return s.AtOnce() * (math.Floor(min(h, t)/s.Burst.Seconds()) + 1)
	case s.HeldFixed:
		return s.RatePerS * min(h, t)
	}
	return s.RatePerS * h * -math.Expm1(-t/h)
}

// noticedLate is how late the end of a connection may be noticed, in seconds, while others
// are opened: a pause that any shared machine takes now and then.
const noticedLate = 0.1

// heldEvenly says whether held connections come, and go, evenly.
func (s Setup) heldEvenly() bool { return s.HeldFixed && !s.Poisson }
