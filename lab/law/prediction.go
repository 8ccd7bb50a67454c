package law

// Prediction is what the laws say of a run before it is made. A pointer is nil
// where the thing will not happen. Its JSON is part of plan.json and
// summary.json.
type Prediction struct {
	Tuples int `json:"tuples"` // K: connections that can exist, TIME_WAIT included
	// Seconds from the first scheduled send, however long the run; to ±50 % where Rough.
	FirstError99S   *float64 `json:"first_error_99_s"`
	OKBeforeError99 *int     `json:"ok_before_error_99"` // requests that succeed before it
	// Successes per second in the long run, averaged over the cycle of T.
	SteadyOKPerS *float64 `json:"steady_ok_per_s"`
	// Half the range is taken, and less than half the rate served; nil: below the noise, or never.
	CollapseS *float64 `json:"collapse_s"`
	Rho       float64  `json:"rho"`     // ρ, the load factor; above 1 the table fills
	HoldS     float64  `json:"hold_s"`  // T: how long a closed tuple stays blocked
	Verdict   string   `json:"verdict"` // within the duration of the run
	// connect() gets too expensive for the rate: what comes after half the range is to ±50 %.
	Estimated bool `json:"estimated,omitempty"`

	// Where tcp_tw_reuse counts whole seconds (seconds.go), and where bursts meet a pool
	// (bursts.go), FirstError99S and OKBeforeError99 are the near end of an interval, and
	// these are the far one. nil: there is no interval, or with OrNever no far end.
	FirstError99LatestS *float64 `json:"first_error_99_latest_s,omitempty"`
	OKBeforeError99Most *int     `json:"ok_before_error_99_most,omitempty"`
	// It may come later than FirstError99S, however late, or not at all.
	OrNever bool `json:"or_never,omitempty"`

	// GivenShare is the f that a race came to, put in after the run (WithShare):
	// the rest is then no forecast, but what the law makes of that f.
	GivenShare *float64 `json:"given_share,omitempty"`
}

// Rough says that connect() gets too expensive for the rate, so that the laws
// give no exact moment and no exact number. Older plans tell by the collapse alone.
func (p Prediction) Rough() bool { return p.CollapseS != nil || p.Estimated }
