package law

import "math"

// Before Linux 6.14 tcp_tw_reuse compares whole seconds: connect() takes the tuple
// of a TIME_WAIT once the second of CLOCK_MONOTONIC has changed since it began
// (ktime_get_seconds() in tcp_twsk_unique, net/ipv4/tcp_ipv4.c; milliseconds and
// tcp_tw_reuse_delay came with commits 19ce8cd30465 and ca6a6f93867a). So all K tuples
// come back at once, at each tick of that second, and each second of the clock has K
// connections. When the load begins within a second is chance. With more than K
// requests a second
//
//	K/R ≤ first error 99 ≤ 2·K/R,  after K to 2·K successes
//
// The near end: no tick comes before the tuples are used up. The far end: one comes
// just before that, and all are used up again, with no second tick in between as
// K/R is less than a second. Over whole seconds it is K a second, as with the
// millisecond delay.
//
// Measured on 6.12 with K = 100 in a closed loop: 200, 100, 100, 100 in successive
// seconds. With K = 120 at 160 a second: the first error 99 after 1.402 s.
//
// https://docs.kernel.org/networking/ip-sysctl.html (tcp_tw_reuse_delay)

// countsSeconds says whether a tuple comes back with the tick of a second, and not
// at an age. A backend that closes late begins TIME_WAIT late; what that does to
// the moment was not measured, so it is left out.
func (s Setup) countsSeconds() bool {
	return s.ReuseWholeSeconds && s.reuses() && s.ReuseDelay == ReuseDelay && s.Hold > ReuseDelay && s.LateClose <= 0
}

// untilTick puts the far end of the interval into a prediction that has the near
// one. There is none where requests under way take all tuples, with no TIME_WAIT in
// between.
func (p *Prediction) untilTick(s Setup) {
	k, c := float64(s.Tuples()), s.InFlight
	if p.FirstError99S == nil || !s.countsSeconds() || c >= k || s.AtOnce() > k {
		return
	}
	latest := *p.FirstError99S + (k-c)/s.fillPerS()
	most := *p.OKBeforeError99 + int(math.Round((k-c)/s.CloseShare/s.Churn))
	if s.inBursts() { // the tick comes before the burst that would have failed
		latest = 2 * *p.FirstError99S
		most = *p.OKBeforeError99 + int(math.Round(s.RatePerS*s.Burst.Seconds()*s.failingBurst()))
	}
	p.FirstError99LatestS, p.OKBeforeError99Most = &latest, &most
}

// latest99 is the second by which error 99 has come; nil: it does not come.
func (p Prediction) latest99() *float64 {
	if p.FirstError99LatestS != nil {
		return p.FirstError99LatestS
	}
	return p.FirstError99S
}

// Latest99 is the last second at which the first error 99 is due, and 0 if it is
// not: FirstError99S, or the far end of the interval.
func (p Prediction) Latest99() float64 { return or0(p.latest99()) }

// OKInMost is how many requests succeed in t seconds at the most where reuse counts
// whole seconds; OKIn is the least then. nil where there is no such interval.
//
// The load's first and last second of the clock are cut by its beginning and its
// end, and each of the two may have up to K successes as well.
func (p Prediction) OKInMost(ratePerS, t float64) *float64 {
	if p.OKBeforeError99Most == nil || p.OKBeforeError99 == nil || p.HoldS <= 0 {
		return nil
	}
	k := float64(*p.OKBeforeError99)
	full := math.Floor(t / p.HoldS)
	rest := t - full*p.HoldS
	most := full*k + min(2*k, ratePerS*rest)
	if full > 0 {
		most = max(most, (full-1)*k+min(2*k, ratePerS*(p.HoldS+rest)))
	}
	return &most
}
