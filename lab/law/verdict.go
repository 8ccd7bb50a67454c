package law

import (
	"math"
	"time"
)

// verdict is the word for p within the duration.
func (s Setup) verdict(p Prediction) string {
	within := func(at *float64) bool { return at != nil && *at <= s.Duration.Seconds() }
	switch {
	case !p.OrNever && within(p.latest99()):
		if b := s.Baseline; b != nil && b.FirstError99S != nil && !s.Chance() &&
			*p.FirstError99S > b.Latest99()+Apart(*p.FirstError99S, b.Latest99(), s.Burst) {
			return Postponed
		}
		return Reproduced
	case within(p.CollapseS):
		return Collapsed
	case p.CollapseS != nil, p.FirstError99S != nil && !s.random(), s.Occupied() > SteadyRho && !s.Masked():
		return Inconclusive // where chance has a part, one in a while is lost at any load
	}
	return s.held()
}

// BurstTolerance is how far the moments of two runs may be apart, in seconds,
// whose requests come in bursts: a burst, and half of one for when it is noticed.
func BurstTolerance(every time.Duration) float64 { return 1.5 * every.Seconds() }

// Tolerance is how far a measured moment may be from a predicted one, in
// seconds: 2 %, but never less than 30 ms, which is what starting the load
// and noticing the first reply cost.
func Tolerance(predictedS float64) float64 { return max(0.02*math.Abs(predictedS), 0.030) }

// Apart is how far the moments of two runs have to be apart, in seconds, not to be the same:
// each may be off by its tolerance, or by a burst.
func Apart(a, b float64, burst time.Duration) float64 {
	return max(Tolerance(a)+Tolerance(b), BurstTolerance(burst))
}

// held is the word for a run in which nothing fails that may not.
func (s Setup) held() string {
	if s.Baseline == nil {
		return NotReproduced
	}
	return Mitigated
}
