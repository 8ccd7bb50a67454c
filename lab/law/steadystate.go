package law

import "time"

// SteadyState is what the laws say of a setup that goes on for ever. A pointer is
// nil where the thing will not happen, or where no rate is too high. Its JSON
// is what `lab99 predict --json` prints.
type SteadyState struct {
	Tuples              int      `json:"tuples"`
	FirstError99S       *float64 `json:"first_error_99_s"`
	OKBeforeError99     *int     `json:"ok_before_error_99"`
	FirstError99LatestS *float64 `json:"first_error_99_latest_s,omitempty"` // where reuse counts whole seconds
	OKBeforeError99Most *int     `json:"ok_before_error_99_most,omitempty"`
	SteadyOKPerS        float64  `json:"steady_ok_per_s"`
	SteadyFailedShare   float64  `json:"steady_failed_share"` // of the requests, 0 to 1
	SafeRatePerS        *float64 `json:"safe_rate_per_s"`     // by tuples
	CliffS              *float64 `json:"cliff_s"`             // when half the range is taken
	CliffRatePerS       *float64 `json:"cliff_rate_per_s"`    // above it, half the range comes to be taken
	// Requests per second that connect() leaves a worker then.
	AfterCliffPerWorker float64 `json:"after_cliff_per_s_per_worker"`
	Verdict             string  `json:"expected_verdict"`
}

// ForEver is long enough for every law to show: an error 99 that does not come
// within the first hold time, a collapse aside, never does.
const ForEver = 24 * time.Hour

// SteadyStateOf applies the laws to a load without end; the Duration of s does not
// matter. targetErrorRate is the share of requests that may fail. Above 0, arrivals
// are random (Poisson), and a setup that loses no more than this share holds. At 0
// they are even.
func SteadyStateOf(s Setup, targetErrorRate float64) SteadyState {
	s = s.Complete()
	s.Duration = ForEver
	s.Poisson = targetErrorRate > 0
	p := Predict(s)
	o := SteadyState{
		Tuples: p.Tuples, FirstError99S: p.FirstError99S, OKBeforeError99: p.OKBeforeError99,
		FirstError99LatestS: p.FirstError99LatestS, OKBeforeError99Most: p.OKBeforeError99Most,
		SafeRatePerS: s.SafeRate(), CliffS: s.Cliff(), CliffRatePerS: s.CliffRate(),
		SteadyOKPerS: or0(p.SteadyOKPerS), AfterCliffPerWorker: s.ConnectCeiling() / s.Churn, Verdict: p.Verdict,
	}
	if targetErrorRate > 0 {
		o.SafeRatePerS = s.SafePoissonRate(targetErrorRate)
	}
	if s.RatePerS > 0 {
		o.SteadyFailedShare = max(0, 1-o.SteadyOKPerS/s.RatePerS)
	}
	if targetErrorRate > 0 && o.SteadyFailedShare <= targetErrorRate {
		s.Poisson = false // what is lost may be: judge as if none were
		o.Verdict = Predict(s).Verdict
		if o.Verdict == Inconclusive {
			o.Verdict = s.held()
		}
	}
	return o
}
