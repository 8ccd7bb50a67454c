package law

import "slices"

// The verdicts: what a variant comes to. The laws predict the first six of
// them, a judge finds any. They are words of summary.json.
const (
	Reproduced    = "reproduced"     // error 99 came
	Collapsed     = "collapsed"      // it did not, because the rate fell at half the range
	Mitigated     = "mitigated"      // no failure, and none would come later either
	Postponed     = "postponed"      // it came, later than the baseline's
	Inconclusive  = "inconclusive"   // no failure yet, but the table is filling
	NotReproduced = "not-reproduced" // it should have come, and did not
	Invalid       = "invalid"        // the generator or the environment is at fault
	Error         = "error"          // the lab itself is
)

// Predicted is what a scenario expects where it leaves the verdict to the law.
const Predicted = "predicted"

// Verdicts are all of them, in the order in which a reader meets them: first
// those that answer the question, the failures before what held, then those
// that leave it open, the least severe first.
var Verdicts = []string{Reproduced, Collapsed, Mitigated, Postponed, Inconclusive, NotReproduced, Invalid, Error}

// Fails says whether a verdict is that of a run whose ports, or whose workers,
// did not suffice.
func Fails(verdict string) bool {
	return slices.Contains([]string{Reproduced, Collapsed, Postponed}, verdict)
}

// Trusted says whether what was measured can be relied on.
func Trusted(verdict string) bool { return verdict != Invalid && verdict != Error }

// Decides says whether a verdict answers the question that the run asked.
func Decides(verdict string) bool { return Trusted(verdict) && verdict != Inconclusive }
