package law

import "math"

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
