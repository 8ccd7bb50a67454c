package law

import "fmt"

// OKBefore is how many requests succeed before the first error 99: K/f, less those
// under way. It is free of the clock.
//
// In a load shorter than the hold time no tuple comes back, so all successes are
// those before the exhaustion. Their number is also free of the race between the
// first error and the replies that are still on their way.
var OKBefore = Law{
	ID: "ok_before_error_99", Name: "ok before it", Words: "successes before error 99", Unit: "requests",
	Figure: "ok_before_error_99", More: LessSevere,
	Forecast: func(p Prediction) *float64 {
		if p.OKBeforeError99 == nil {
			return nil
		}
		return float(*p.OKBeforeError99)
	},
	ForecastMost: func(p Prediction) *float64 {
		if p.OKBeforeError99Most == nil {
			return nil
		}
		return float(*p.OKBeforeError99Most)
	},
	Compare: func(r Run) *Compared {
		ok, seen := r.law().OKBeforeError99, r.Measured("ok_before_error_99")
		if r.estimated() || ok == nil || seen == nil || r.Setup.Burst > 0 { // within a burst the law does not count
			return nil
		}
		if r.noneCameBack() {
			seen = r.Measured("ok")
		}
		c := &Compared{Predicted: float(*ok), Measured: seen}
		if most := r.law().OKBeforeError99Most; most != nil {
			c.Most = float(*most)
		}
		c.Tolerance = max(2, max(0.02, r.early())*max(float64(*ok), or0(c.Most)))
		if r.Setup.OwnConfig { // the log has the moment, and what had succeeded by then is known to a sample
			c.Tolerance = max(c.Tolerance, 0.1*r.Setup.RatePerS)
		}
		return c
	},
	Check: func(r Run) *Checked {
		if r.Setup.Race {
			return r.checkRace()
		}
		return r.checkOKBefore()
	},
}

// counts says whether the number of successes is exact.
func (r Run) counts() bool {
	return r.Predicted.OKBeforeError99 != nil && r.Measured("first_error_99_s") != nil &&
		!r.Predicted.Rough() && r.Setup.Exact() &&
		r.EndS < 59 && r.Predicted.HoldS >= 59 && r.Setup.Keepalive == 0 && // a pool saves some and goes on serving
		!r.Setup.OwnConfig // the log has the moment to a tenth of a second, and another peer may go on serving
}

// noneCameBack says whether all successes are those before the exhaustion. With a slow
// backend, tuples of requests that leave no TIME_WAIT come back.
// Of held connections none does whose proxy closes first, or that outlast the load.
func (r Run) noneCameBack() bool {
	s := r.Setup
	kept := s.InFlight == 0 || s.Held() && (s.CloseShare == 1 || s.HeldFixed && s.HeldFor.Seconds() > r.EndS)
	return r.counts() && kept
}

func (r Run) checkOKBefore() *Checked {
	if !r.counts() {
		return nil
	}
	p, seen := *r.Predicted.OKBeforeError99, r.Measured("ok")
	over := max(2, p/1000) // a few more than K were seen at 4,096 ports, never fewer
	if !r.noneCameBack() {
		if before := r.Measured("ok_before_error_99"); before != nil {
			seen = before
		}
		over = max(over, int(0.02*r.Setup.InFlight)) // those that ended while the first error was on its way
	}
	words := fmt.Sprintf("K/f successes, +0..%d", over)
	under := Overlooked(r.Setup.Ports, r.Predicted.Tuples)
	if under > 0 {
		words += fmt.Sprintf(", or up to %d less: connect() may overlook a port of an odd range", under)
	}
	return &Checked{
		OK: *seen >= float64(p-under) && *seen <= float64(p+over), Law: words, Predicted: float(p), Measured: seen,
		Text: fmt.Sprintf("predicted %d, measured %.0f", p, *seen),
	}
}

// checkRace holds a race to its identity: whatever f was, K/f requests succeed before
// all tuples have been lost to TIME_WAIT.
func (r Run) checkRace() *Checked {
	p, f, seen := r.Restated.OKBeforeError99, r.Measured("close_share"), r.Measured("ok_before_error_99")
	if r.Setup.OwnConfig || f == nil || p == nil || seen == nil || r.Predicted.Rough() {
		return nil
	}
	// Each request of a burst holds a tuple, whoever will close it.
	early := 0.05 + r.Setup.RatePerS*r.Setup.Burst.Seconds()/float64(r.Restated.Tuples) + r.early()
	most := *p
	if r.Restated.OKBeforeError99Most != nil {
		most = *r.Restated.OKBeforeError99Most
	}
	return &Checked{
		OK: *seen <= 1.05*float64(most) && *seen >= (1-early)*float64(*p), Predicted: float(*p), Measured: seen,
		Law: "K/f successes with the measured f, within 5 %, and as much less as a burst is of K, " +
			"and as one of several destinations may be ahead of the others",
		Text: fmt.Sprintf("f = %.3f: predicted %d, measured %.0f", *f, *p, *seen),
	}
}
