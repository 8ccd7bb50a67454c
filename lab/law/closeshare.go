package law

import "math"

// Who closes an upstream connection first keeps its TIME_WAIT, so f, the share
// that nginx closes first, decides whether ports are lost at all. How the two
// talk fixes it, or leaves it to a race:
//
//	HTTP/1.1, Connection "", no pool        nginx closes when it has the body   f = 1
//	any, to a backend that closes later     nginx is done first                 f = 1
//	any, without a length or chunks         nginx has to wait for the end       f = 0
//	HTTP/1.0 or Connection: close           both close at once: a race          f is an outcome
//	Apache's KeepAlive Off, pool or not     the same race                       f is an outcome
//
// In the race the backend's FIN follows the last byte within microseconds, and f
// is larger the idler nginx is: 0.32 to 0.72 paced at 200 to 2,000 requests a second,
// 0.02 in a closed loop of 64 or in bursts of 16, 0.01 in bursts of 64. So a harder
// test can hide the failure.
//
// A tuple is used again and again until nginx closes first, after 1/f successes on
// average, so K/f requests succeed before the first error 99. Measured at 1,000
// ports: 2,207 successes, with 45 % of the TIME_WAITs on nginx's side.
//
// RFC 9293 §3.6 has who keeps TIME_WAIT; two ends that close at once both do.
const (
	LeastRaceShare = 0.01
	MostRaceShare  = 0.72
)

// WithShare is a prediction that was made for f = 1, with the f that a race came
// to in a run of so many seconds: what TIME_WAIT has to fill takes 1/f times as
// long, if the table fills at all. inFlight is c, the requests under way, which
// hold their tuples whoever closes.
func (p Prediction) WithShare(f, inFlight, seconds float64) Prediction {
	k := float64(p.Tuples)
	if p.FirstError99S == nil || p.Estimated || f <= 0 || inFlight >= k {
		return p
	}
	p.GivenShare = &f
	rate := p.Rho * k / p.HoldS
	p.SteadyOKPerS = new(min(rate, *p.SteadyOKPerS/f))
	p.Rho *= f
	if held := p.Rho + inFlight/k; held <= 1 {
		p.FirstError99S, p.OKBeforeError99, p.Verdict = nil, nil, Mitigated
		p.FirstError99LatestS, p.OKBeforeError99Most = nil, nil
		if held > SteadyRho {
			p.Verdict = Inconclusive
		}
		return p
	}
	at := func(s *float64) *float64 {
		if s == nil {
			return nil
		}
		return new(inFlight/rate + (*s-inFlight/rate)/f)
	}
	count := func(n *int) *int {
		if n == nil {
			return nil
		}
		return new(int(math.Round(float64(*n) / f)))
	}
	p.FirstError99S, p.FirstError99LatestS = at(p.FirstError99S), at(p.FirstError99LatestS)
	p.OKBeforeError99, p.OKBeforeError99Most = count(p.OKBeforeError99), count(p.OKBeforeError99Most)
	if first := p.Latest99(); first > seconds+Tolerance(first) {
		p.Verdict = Inconclusive
	}
	return p
}

// EarlyByRace is how much earlier than K/f, as a share of it, the first error 99 may come in
// a race with n destinations of so many tuples each. Who closes first is drawn for each
// connection, so the requests until a destination has lost all its tuples are a negative
// binomial number with a mean of P/f and a standard deviation of sqrt(P(1-f))/f; three of
// those cover all but some runs in a thousand. With one destination f is that of the run,
// and K/f is exact. Measured: 1,235 successes for 1,401, with four of 100 tuples at f = 0.29.
func EarlyByRace(f float64, n, tuples int) float64 {
	if n < 2 || tuples < 1 {
		return 0
	}
	return min(1, 3*math.Sqrt((1-min(max(f, 0), 1))/float64(tuples)))
}
