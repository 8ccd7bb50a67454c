package law

import (
	"fmt"
	"math"
)

// Poisson arrivals that find no tuple are lost: nginx answers 502 and does not
// wait. So the table is a loss system, M/G/K/K, and the share that fails in
// steady state is Erlang's B formula with K servers and
//
//	a = f·R·churn·T + c  Erlang of offered load
//
// the mean number of tuples that would be held if there were no end of them.
// Only the mean of the hold time matters, not its distribution (Sevastyanov
// 1957), so TIME_WAIT's lumps and the mixture of f change nothing. Evenly spaced
// arrivals, as the lab sends them, do not fail below ρ=1 and fail by 1 − 1/ρ
// above it; random ones come near that from above.
//
// https://en.wikipedia.org/wiki/Erlang_(unit)#Erlang_B_formula

// LostShare is the share of random arrivals that find no tuple once the table has
// filled: after one hold time, of which at least two more must follow. Held connections
// count as what they hold a tuple for (held.go).
//
// The lost ones come in clumps, since a full table stays full for a while: their
// share varies up to 2.5 times as much as if each were drawn alone (simulated, K of
// 100, at 0.9, 1 and 1.5 Erlang per tuple). Four of those deviations cover all but
// some runs in ten thousand.
var LostShare = Law{
	ID:      "lost_share",
	Name:    "lost of random arrivals",
	Held:    "share lost",
	Words:   "share lost",
	Unit:    Share,
	Figure:  "lost_share",
	More:    MoreSevere,
	Compare: func(r Run) *Compared { return r.lostShare() },
	Check: func(r Run) *Checked {
		c := r.lostShare()
		if c == nil {
			return nil
		}
		return &Checked{
			OK: math.Abs(*c.Measured-*c.Predicted) <= c.Tolerance, Predicted: c.Predicted, Measured: c.Measured,
			Law: fmt.Sprintf("Erlang B with K servers and f·R·T Erlang, ± %.1f points: "+
				"four standard errors of a share that comes in clumps", 100*c.Tolerance),
			Text: fmt.Sprintf("%.1f Erlang on %d tuples: predicted %.2f %%, measured %.2f %% of %.0f requests",
				r.Erlang(), r.Predicted.Tuples, 100**c.Predicted, 100**c.Measured, *r.Measured("lost_of")),
		}
	},
}

func (r Run) lostShare() *Compared {
	seen, of := r.Measured("lost_share"), r.Measured("lost_of")
	settled := r.Setup.Settled() + 2*r.Setup.costs()
	if !r.Setup.Poisson || r.Setup.OwnConfig || seen == nil || of == nil || r.EndS < settled.Seconds() {
		return nil
	}
	want := ErlangB(r.Predicted.Tuples, r.Erlang())
	return &Compared{Predicted: &want, Measured: seen, Tolerance: max(0.005, 4*2.5*math.Sqrt(want*(1-want) / *of))}
}

// Erlang is the offered load: the tuples that TIME_WAIT and requests under way would
// hold on average if there were no end of them.
func (r Run) Erlang() float64 {
	return r.Predicted.Rho*float64(r.Predicted.Tuples) + r.Setup.InFlight
}

// ErlangB is the share of Poisson arrivals that find all servers busy, with so
// many Erlang offered. It sums the reciprocal,
//
//	1/B = Σ K·(K−1)···(K−j+1) / aʲ,  j = 0 … K
//
// whose terms all have one sign, so no digits are lost; B below 1e-300 is 0.
func ErlangB(servers int, offered float64) float64 {
	if servers <= 0 {
		return 1
	}
	if !(offered > 0) {
		return 0
	}
	sum, term := 1.0, 1.0
	for j := range servers {
		term *= float64(servers-j) / offered
		sum += term
		if sum > 1e300 {
			return 0
		}
		if term < 1e-18*sum {
			break
		}
	}
	return 1 / sum
}

// ErlangLoad is the most Erlang that so many servers can be offered if no more
// than that share of the arrivals may find them busy. The share is between 0
// and 1, both exclusive.
func ErlangLoad(servers int, blocking float64) float64 {
	if servers <= 0 {
		return 0
	}
	low, high := 0.0, float64(servers)/(1-blocking)+1 // at that load more than the share is lost in any case
	for range 60 {
		if high-low < 1e-11*high {
			break
		}
		if mid := (low + high) / 2; ErlangB(servers, mid) > blocking {
			high = mid
		} else {
			low = mid
		}
	}
	return low
}

// Blocking is the share of Poisson arrivals that fail in steady state.
func (s Setup) Blocking() float64 {
	if s.RatePerS == 0 || s.Masked() {
		return 0
	}
	if s.Tuples() == 0 {
		return 1
	}
	return ErlangB(s.Tuples(), s.fillPerS()*s.HoldTime().Seconds()+s.InFlight)
}

// SafePoissonRate is the highest rate of Poisson arrivals, in requests per
// second, of which no more than the share may fail: a little below SafeRate, by
// some standard deviations of what the table holds, √K. nil where no rate is too
// high.
func (s Setup) SafePoissonRate(share float64) *float64 {
	return s.rateHolding(ErlangLoad(s.Tuples(), share))
}

// random says whether arrivals are random, or the times after which tuples come back: a
// table that is large enough on average is then full for moments.
func (s Setup) random() bool { return s.Poisson || s.leavesAtRandom() }

// lost is the share that finds no tuple in the long run where one of the two is random.
func (s Setup) lost() float64 {
	if s.Poisson {
		return s.Blocking()
	}
	return s.lostByTimes()
}

// Chance says whether it is chance when error 99 comes, so that a later one is not better.
func (s Setup) Chance() bool { return s.Race || s.random() }

// firstLoss puts in when the first request is lost of a table that is large enough on
// average: it is full for moments only, once the first hold time has filled it, and then
// one in 1/b requests finds it so, on average. More than a day is never.
func (p *Prediction) firstLoss(s Setup, b float64) {
	if p.FirstError99S != nil || b == 0 {
		return
	}
	at := s.Settled().Seconds() + 1/(b*s.RatePerS)
	if at > ForEver.Seconds() {
		return
	}
	p.FirstError99S, p.OKBeforeError99 = &at, new(int(math.Round(at*s.RatePerS)))
}
