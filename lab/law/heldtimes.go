package law

import "math"

// Held connections of random times give their tuples back one by one, from the first
// moment on. Times are without memory here (scenarios.HoldExponential).

// leavesAtRandom says whether tuples come back after random times before the table can be
// full: those that no TIME_WAIT keeps for as long.
func (s Setup) leavesAtRandom() bool {
	return s.Held() && !s.HeldFixed && float64(s.Tuples()) > s.RatePerS*s.keptS()
}

// keptS is how long a tuple stays taken after its connection has ended, f·T in seconds.
func (s Setup) keptS() float64 { return s.CloseShare * s.HoldTime().Seconds() }

// fillTimeLeaving is when m tuples are taken on average of connections that are held for
// times without memory. Some of the first have come back by then: of R opened a second
//
//	R·(T + H·(1 − exp(−(t − T)/H)))
//
// are still taken after t, with T = 0 where no TIME_WAIT is left, which is m at
//
//	t = T − H·ln(1 − (m/R − T)/H)
//
// and never if R·(H + T) is not above m. Within T nothing comes back, and it is m/R.
func (s Setup) fillTimeLeaving(m float64) float64 {
	h, kept := s.HeldFor.Seconds(), s.keptS()
	over := m/s.RatePerS - kept
	if over <= 0 {
		return m / s.RatePerS
	}
	return kept - h*math.Log(max(0, 1-over/h))
}

// peakedness is the variance of how many tuples even arrivals take that leave after random
// times, as a share of their mean: of a = R·H that are alive 1/(1 − exp(−1/a)) − a, which is
// half of them and a little (D/M/∞), and none of those that TIME_WAIT keeps. Of random
// arrivals it is 1.
func (s Setup) peakedness() float64 {
	a := s.RatePerS * s.HeldFor.Seconds()
	return (1/-math.Expm1(-1/a) - a) * s.HeldFor.Seconds() / s.costs().Seconds()
}

// lostByTimes is the share that finds no tuple of even arrivals that leave after random
// times. Hayward's approximation takes them for random ones, 1/z times as many, on as many
// more tuples: B(K/z, a/z). Simulated with K of 20 to 1,000, at 0.75 to 1.2 Erlang per tuple:
// within a tenth of itself where more than one in a thousand is lost.
// A. A. Fredericks, Bell System Technical Journal 59 (1980), pages 805 to 827.
func (s Setup) lostByTimes() float64 {
	z := s.peakedness()
	if z < leastPeakedness || s.Masked() {
		return 0
	}
	k := math.Round(float64(s.Tuples()) / z)
	return ErlangB(int(k), (s.fillPerS()*s.HoldTime().Seconds()+s.InFlight)/z)
}

// leastPeakedness is that of tuples that go almost as evenly as they came.
const leastPeakedness = 0.02
