package law

import "math"

// verdict is the word for p within the duration.
func (s Setup) verdict(p Prediction) string {
	within := func(at *float64) bool { return at != nil && *at <= s.Duration.Seconds() }
	switch {
	case within(p.FirstError99S):
		if b := s.Baseline; b != nil && b.FirstError99S != nil &&
			*p.FirstError99S > *b.FirstError99S+Tolerance(*b.FirstError99S) {
			return Postponed
		}
		return Reproduced
	case within(p.CollapseS):
		return Collapsed
	case p.Rho > SteadyRho || p.FirstError99S != nil:
		return Inconclusive
	case s.Baseline == nil:
		return NotReproduced
	}
	return Mitigated
}

// Tolerance is how far a measured moment may be from a predicted one, in
// seconds: 2 %, but never less than 30 ms, which is what starting the load
// and noticing the first reply cost.
func Tolerance(predictedS float64) float64 { return max(0.02*math.Abs(predictedS), 0.030) }
