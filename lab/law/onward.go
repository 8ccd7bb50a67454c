package law

import (
	"math"
	"slices"
	"time"
)

// State is a table of tuples at one moment, as a look at a running host finds it.
// The laws of a Setup begin with an empty table; those of this file go on from here.
//
// The table holds, t seconds after the look,
//
//	N(t) = L + l·t + |{i: xᵢ > t}| + A(t) − A(t−T)
//
// with L live connections that become l more each second, xᵢ when the TIME_WAITs of now give their tuples back, and
// A(t) the TIME_WAITs that begin between now and t. Error 99 comes at the first t with
// N(t) ≥ K, and half the range is taken at the first with N(t) ≥ K/2.
//
// A look has all of that: a TIME_WAIT tells its remaining time, which is the xᵢ, and
// so when it began, which gives A. Where the workers cannot make the connections of the
// load from K/2 on, A and l grow from there by no more than they can make (slowing.go).
type State struct {
	Live     float64 // tuples of connections that are not in TIME_WAIT
	LivePerS float64 // how many more of them there are each second, which takes two looks to tell; 0: they stay as many

	// LeavesS are the seconds until each TIME_WAIT gives its tuple back.
	LeavesS []float64

	// TimeWaitsPerS is how many begin per second now, f·R·churn, and ByPerS how much
	// more each second. The trend is taken to go on for ForS seconds: no longer than it
	// has been seen.
	TimeWaitsPerS, ByPerS, ForS float64

	// Elsewhere is how many TIME_WAITs are of other tuples in the namespace, which count towards
	// tcp_max_tw_buckets.
	Elsewhere int
}

// Taken is how many tuples are taken now.
func (n State) Taken() float64 { return n.Live + float64(len(n.LeavesS)) }

// begun is A(t).
func (n State) begun(t float64) float64 {
	if t <= 0 {
		return 0
	}
	during := min(t, n.ForS)
	if n.ByPerS < 0 { // no fewer than none
		during = min(during, -n.TimeWaitsPerS/n.ByPerS)
	}
	begun := n.TimeWaitsPerS*during + n.ByPerS*during*during/2
	if t > during {
		begun += n.finalRate() * (t - during)
	}
	return begun
}

// finalRate is the rate when the trend has ended.
func (n State) finalRate() float64 { return n.rate(n.ForS) }

// rate is A'(t).
func (n State) rate(t float64) float64 {
	return max(0, n.TimeWaitsPerS+n.ByPerS*min(t, n.ForS))
}

// FirstError99From is the seconds from the state now to the first error 99; nil if the
// load that is seen never brings it, with these workers.
func (s Setup) FirstError99From(now State) *float64 {
	return s.reaches(now, float64(s.Tuples()))
}

// LatestError99From is the far end of that moment where tcp_tw_reuse counts whole seconds
// (seconds.go), and otherwise the moment itself. The moment takes each TIME_WAIT to hold its
// tuple for a second, which is the longest. At the latest all tuples have come back just
// before it, and are taken once more: in less than a second, or the load could not have
// taken them.
func (s Setup) LatestError99From(now State, first float64) float64 {
	rate := now.rate(first)
	if !s.countsSeconds() || rate == 0 {
		return first
	}
	live := now.Live + now.LivePerS*first
	return first + min(max(0, float64(s.Tuples())-live)/rate, ReuseDelay.Seconds())
}

// CliffFrom is the seconds from the state now until half the range is taken, from
// where on connect() costs ConnectCostAfter.
func (s Setup) CliffFrom(now State) *float64 {
	return s.reaches(now, float64(s.Tuples())/2)
}

// SteadyFrom is how many tuples the load comes to hold if it goes on, L + A'·T: more
// than there are where error 99 comes. That live connections become more has no end, and
// is left out.
func (s Setup) SteadyFrom(now State) float64 {
	return now.Live + s.atMostInTimeWait(now.finalRate()*s.HoldTime().Seconds(), now)
}

// SafeTimeWaitsFrom is how many TIME_WAITs per second the tuples bear for ever beside
// the connections that are live, (K − L)/T.
func (s Setup) SafeTimeWaitsFrom(now State) float64 {
	return max(0, float64(s.Tuples())-now.Live) / s.HoldTime().Seconds()
}

// HealsFrom is the seconds until less than half of the tuples are taken if the load
// stops now: connect() is quick again then. 0 if that is so already; nil if live
// connections alone take half.
func (s Setup) HealsFrom(now State) *float64 {
	half := float64(s.Tuples()) / 2
	if now.Taken() < half {
		return float(0.0)
	}
	if now.Live >= half {
		return nil
	}
	leaves := ascending(now.LeavesS)
	over := int(math.Floor(now.Taken()-half)) + 1
	return float(leaves[min(over, len(leaves))-1])
}

// FreesFrom is the seconds until the first TIME_WAIT gives its tuple back, which ends
// an exhaustion for a moment; nil if none does.
func (s Setup) FreesFrom(now State) *float64 {
	if len(now.LeavesS) == 0 {
		return nil
	}
	return float(slices.Min(now.LeavesS))
}

// ascending is x in order: itself if it is, as several questions are asked of one table.
func ascending(x []float64) []float64 {
	if !slices.IsSorted(x) {
		x = slices.Clone(x)
		slices.Sort(x)
	}
	return x
}

// reaches looks for the first N(t) ≥ m. N rises and falls where TIME_WAITs of now end
// faster than others begin, so it is followed step by step, until T after the trend
// has ended: nothing changes from then on. Strides in which N stays below m and K/2
// whatever ends in them are taken at once, as most tables of a host take two minutes of them.
func (s Setup) reaches(now State, m float64) *float64 {
	if m <= 0 || now.Taken() >= m {
		return float(0.0)
	}
	hold := s.HoldTime().Seconds()
	leaves := ascending(now.LeavesS)
	step := min(hold/500, (10 * time.Millisecond).Seconds())
	end := hold + now.ForS
	if len(leaves) > 0 {
		end = max(end, leaves[len(leaves)-1])
	}
	if now.LivePerS <= 0 && now.Taken()+now.begun(end) < m {
		return nil // not even if nothing ended: most tables of a host are like that
	}
	gone, before := 0, now.Taken()
	slow := slowing{now: now, closeShare: s.CloseShare, half: float64(s.Tuples()) / 2, most: max(s.connectCeiling(), 1),
		step: step, steps: int(math.Round(hold / step))}
	pass := func(t float64) {
		for gone < len(leaves) && leaves[gone] <= t {
			gone++
		}
	}
	const stride = 100
	for i := 1; ; i++ {
		if from, to := float64(i-1)*step, float64(i-1+stride)*step; i%stride == 1 && slow.waits == nil && to <= end {
			held := float64(len(leaves)-gone) + now.begun(to) - now.begun(from-hold)
			most := now.Live + max(now.LivePerS*from, now.LivePerS*to) + s.atMostInTimeWait(held, now)
			if most < min(m, slow.half) {
				pass(to)
				held = float64(len(leaves)-gone) + now.begun(to) - now.begun(to-hold)
				before = now.Live + now.LivePerS*to + s.atMostInTimeWait(held, now)
				i += stride - 1
				continue
			}
		}
		t := float64(i) * step
		pass(t)
		waits, live := slow.missing(i, before)
		held := float64(len(leaves)-gone) + now.begun(t) - now.begun(t-hold) - waits
		n := now.Live + now.LivePerS*t - live + s.atMostInTimeWait(held, now)
		switch {
		case n >= m:
			return float(t - step*(n-m)/max(n-before, n-m))
		case t > end && now.LivePerS > 0:
			return float(t + (m-n)/(now.LivePerS*slow.share))
		case t > end:
			return nil
		}
		before = n
	}
}

// atMostInTimeWait limits the TIME_WAITs of one tuple's table to what
// tcp_max_tw_buckets leaves it.
func (s Setup) atMostInTimeWait(held float64, now State) float64 {
	if s.MaxTwBuckets <= 0 {
		return held
	}
	return min(held, max(float64(s.MaxTwBuckets-now.Elsewhere), float64(len(now.LeavesS)), 0))
}
