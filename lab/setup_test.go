package lab

import (
	"math"
	"testing"

	"github.com/lab99/lab99/scenarios"
)

// TestPlansKeepWhatTheLawsWereTold: every prediction in a plan follows from the setup
// beside it, and what a plan of before setups were kept tells agrees with it.
func TestPlansKeepWhatTheLawsWereTold(t *testing.T) {
	for _, name := range scenarios.Names() {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve("quick", nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Plan(r, "docker", 2, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Variants {
			kept := v.Laws()
			v.Setup = nil
			older := v.Laws()
			if kept.Tuples() != v.Predicted.Tuples || kept.Rho() != v.Predicted.Rho {
				t.Errorf("%s/%s: K %d and ρ %g, predicted %d and %g", name, v.Name, kept.Tuples(), kept.Rho(), v.Predicted.Tuples, v.Predicted.Rho)
			}
			if kept.Conduct != nil || kept.Held() {
				continue // plans have kept setups for longer than there are other kinds than nginx, or held connections
			}
			same := kept.Tuples() == older.Tuples() && kept.PerDestination() == older.PerDestination() &&
				kept.Race == older.Race && kept.Poisson == older.Poisson && kept.Burst == older.Burst &&
				kept.Ejection == older.Ejection && kept.MaxTwBuckets == older.MaxTwBuckets &&
				kept.HoldTime() == older.HoldTime() && math.Abs(kept.InFlight-older.InFlight) < 1e-9
			if !same {
				t.Errorf("%s/%s: kept %+v\nan older plan tells %+v", name, v.Name, kept, older)
			}
		}
	}
}
