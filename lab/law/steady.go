package law

// OKInAll is how many requests succeed over the whole load, with the bursts of
// success that come every T. Where all is said by the moment of error 99, within the
// first T, it is left out.
var OKInAll = Law{
	ID: "ok", Name: "ok in all", Unit: "requests", Figure: "ok", More: LessSevere,
	Compare: func(r Run) *Compared {
		p := r.law()
		again := r.EndS > p.HoldS || p.FirstError99S == nil
		if !again || p.SteadyOKPerS == nil || r.estimated() || !r.even() || r.Setup.Held() || r.Setup.blackout() > 0 {
			return nil
		}
		ok := p.OKIn(r.Setup.RatePerS, r.EndS)
		c := &Compared{Predicted: &ok, Measured: r.Measured("ok"), Most: p.OKInMost(r.Setup.RatePerS, r.EndS)}
		c.Tolerance = max(2, 0.06*ok, r.Setup.RatePerS*r.Setup.Burst.Seconds())
		return c
	},
}

// SafeRate is the rate that the tuples sustain for ever, in requests per
// second: the table holds f·R·churn·T tuples in TIME_WAIT and c under way, so
//
//	R = K / (churn·(f·T + t)),  t = c/(R·churn) the time a connection lives
//
// For quick requests and f=1 without a pool that is K/T, 16.4 a second per
// 1,000 tuples. nil where no rate is too high: nothing is held.
//
// It presumes even arrivals. For Poisson arrivals, of which a share may fail,
// see SafePoissonRate.
func (s Setup) SafeRate() *float64 { return s.rateHolding(float64(s.Tuples())) }

// rateHolding is the rate at which so many tuples are held on average; nil if
// there is none.
func (s Setup) rateHolding(tuples float64) *float64 {
	if s.RatePerS == 0 {
		s.RatePerS, s.InFlight = 1, 0
	}
	per, alive := s.perRequestS(), s.InFlight/s.RatePerS
	if per == 0 {
		return nil
	}
	rate := tuples / per
	// Beyond M TIME_WAITs the rest is thrown away, and requests under way are all
	// that comes on top.
	if m := float64(s.MaxTwBuckets); m > 0 && m < tuples && rate*(per-alive) > m {
		if alive == 0 {
			return nil
		}
		rate = (tuples - m) / alive
	}
	return &rate
}

// LastsS is how long a request is under way at the backend, or a connection held, on average.
func (s Setup) LastsS() float64 {
	if s.RatePerS == 0 {
		return 0
	}
	return s.InFlight / s.RatePerS
}

// Growing says whether t seconds after the load began more requests still begin than end,
// or connections. What is taken by then says nothing of later.
func (s Setup) Growing(t float64) bool {
	lasts := s.LastsS()
	if s.Held() && !s.HeldFixed {
		lasts *= 3 // as Settled
	}
	return t < lasts
}

// steadyOK is the long-run rate of successes: min(R, SafeRate). It is an average
// over a saw-tooth: within a cycle of T everything succeeds until the table is
// full, then nothing does until the first tuples come back. Failed attempts do
// not prolong it.
func (s Setup) steadyOK() float64 {
	if !s.fails() {
		return s.RatePerS
	}
	if s.blackout() > 0 {
		return min(s.RatePerS, s.RatePerS*s.fillTime(float64(s.Tuples()))/s.period().Seconds())
	}
	steady := min(s.RatePerS, float64(s.Tuples())/s.perRequestS())
	if k, n := float64(s.Tuples()), s.AtOnce(); n > k { // of each burst
		steady = min(steady, s.RatePerS*k/n)
	}
	return steady
}

// ReuseCeiling is the connections per second that tcp_tw_reuse allows: each
// tuple once per tcp_tw_reuse_delay,
//
//	K / delay
//
// Measured in a closed loop: exactly P a second at 1,000 ms, 2P at 500 ms; paced
// through nginx, 300 ports gave 285 a second. Below it nothing fails, and the
// counter TWRecycled grows with every success but the first K. Where reuse counts
// whole seconds, each second of the clock has K (seconds.go). nil where
// tcp_tw_reuse has no effect: it needs timestamps at both ends, and 2 needs a
// loopback address.
// https://docs.kernel.org/networking/ip-sysctl.html (tcp_tw_reuse_delay)
func (s Setup) ReuseCeiling() *float64 {
	if !s.reuses() {
		return nil
	}
	return new(float64(s.Tuples()) / s.ReuseDelay.Seconds())
}
