package law

import "math"

// fails says whether error 99 comes at all: f·R·churn·T + c > K, and with a
// limit of M TIME_WAITs also M + c ≥ K, for those M are then all there are.
func (s Setup) fails() bool {
	k := float64(s.Tuples())
	if s.AtOnce() > k {
		return true
	}
	if m := float64(s.MaxTwBuckets); m > 0 && m+s.InFlight < k {
		return false
	}
	if s.Held() && s.inBursts() && s.heldInBursts() > k {
		return true
	}
	return s.fillPerS()*s.HoldTime().Seconds()+s.InFlight > k
}

// fillTime is how many seconds it takes to occupy m tuples, for an m that is
// ever occupied: m/(f·R·churn) if requests are quick.
//
// The c requests under way hold a tuple each, whichever end will close it and
// whatever the pool, which is empty at first: those are made in c/R. Of later
// connections the share f stays behind. At f=1 without a pool that is m/R
// however long a request takes, because a tuple is gone from connect() on.
func (s Setup) fillTime(m float64) float64 {
	if s.leavesAtRandom() {
		return s.fillTimeLeaving(m)
	}
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
	at := s.fillTime(max(0, float64(s.Tuples())-s.spent()))
	switch burst := s.Burst.Seconds(); {
	case s.inBursts() && s.leavesAtRandom():
		at = math.Floor(at/burst) * burst
	case s.inBursts():
		at = s.failingBurst() * burst
	}
	return &at
}

// okBeforeError99 is how many requests have succeeded by then: K/(f·churn) if
// they are quick, less those under way. Failed attempts spend no tuple, so
// this counts exactly even if the clock does not.
func (s Setup) okBeforeError99() int {
	k, c := max(0, float64(s.Tuples())-s.spent()), s.InFlight
	if s.inBursts() {
		n, j := s.RatePerS*s.Burst.Seconds(), s.failingBurst()
		if s.leavesAtRandom() {
			return int(math.Round(s.fillTime(k) * s.RatePerS))
		}
		if j == 0 {
			return int(k)
		}
		// Whole bursts, and of the one that fails what finds a kept connection or a port.
		left := k - s.AtOnce() - s.perBurst()*(j-1)
		return int(math.Round(n*j + min(n, n*(1-s.Churn)+left)))
	}
	if s.Held() { // they succeed when they are opened
		return int(math.Round(s.fillTime(k) * s.RatePerS))
	}
	if c >= k {
		return 0
	}
	return int(math.Round((k - c) / s.CloseShare / s.Churn))
}
