package loadgen

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Search looks for the highest constant rate at which the target keeps an SLO.
type Search struct {
	Config // of every trial; Profile and Duration are the search's

	SLO       SLO
	From      float64       // first rate tried; 0 is 100/s
	To        float64       // highest rate tried; 0 is MaxRate
	Hold      time.Duration // of one trial; 0 is 5 s
	Cool      time.Duration // pause before the next, for queues and TIME_WAIT to drain; 0 is 1 s
	Tolerance float64       // relative width at which the search ends; 0 is 0.05
	OnTrial   func(Trial)   // called after each
}

// Trial is one rate tried.
type Trial struct {
	Rate   float64
	Kept   bool
	Why    string // not kept: the limit broken
	Result *Result
}

// Found is what a Search found.
type Found struct {
	Rate      float64 // highest rate at which the SLO was kept; 0: at none
	LimitedBy string  // LimitTarget; LimitGenerator or LimitNone (Search.To was reached): Rate is a lower bound
	Why       string
	Curve     []Trial // in the order tried
}

const maxTrials = 60

// fewRequests in a trial decide nothing: the search does not go below.
const fewRequests = 20

// FindMax doubles the rate until the SLO breaks and then bisects (geometrically:
// the tolerance is relative). A trial in which the generator was the limit says
// nothing about the target. Neither that nor a broken SLO is believed at once:
// the trial is repeated, so that one hiccup of the machine does not halve the
// answer. When ctx ends, the trials made so far are returned with its error.
func FindMax(ctx context.Context, s Search) (*Found, error) {
	if len(s.SLO) == 0 {
		return nil, errors.New("loadgen: a search needs an SLO")
	}
	if s.Mode == Closed {
		return nil, errors.New("loadgen: a search needs an open loop, not mode closed")
	}
	setDefault(&s.From, 100)
	setDefault(&s.To, MaxRate)
	setDefault(&s.Hold, 5*time.Second)
	setDefault(&s.Cool, time.Second)
	setDefault(&s.Tolerance, 0.05)
	if !(s.From > 0 && s.From <= s.To && s.To <= MaxRate && s.Tolerance > 0) {
		return nil, fmt.Errorf("loadgen: a search from %v to %v requests/s within %v: want 0 < from <= to <= %d and a "+
			"tolerance over 0", s.From, s.To, s.Tolerance, MaxRate)
	}
	return s.search(ctx, func(ctx context.Context, rate float64) (*Result, error) {
		c := s.Config
		c.Profile, c.Duration = Constant(rate), s.Hold
		return Run(ctx, c)
	})
}

// search is FindMax over any way to try a rate.
func (s *Search) search(ctx context.Context, run func(context.Context, float64) (*Result, error)) (*Found, error) {
	f := &Found{LimitedBy: LimitTarget}
	low, high := 0.0, math.Inf(1) // kept, broken
	for rate := s.From; len(f.Curve) < maxTrials; {
		t, err := s.again(ctx, f, rate, run)
		if err != nil {
			return f, err
		}
		switch {
		case t.Kept:
			low, f.Rate = rate, rate
		case t.Result.Bottleneck == LimitGenerator && low == 0 && rate/2*s.Hold.Seconds() >= fewRequests:
			rate /= 2 // says nothing yet, not even about this rate
			continue
		case t.Result.Bottleneck == LimitGenerator:
			f.LimitedBy, f.Why = LimitGenerator, fmt.Sprintf("at %.0f/s the generator was the limit: %s",
				rate, t.Result.Why)
			return f, nil
		default:
			high = rate
			f.Why = fmt.Sprintf("at %.0f/s %s", rate, t.Why)
		}
		switch {
		case low >= s.To:
			f.LimitedBy, f.Why = LimitNone, "the highest rate of the search was kept"
			return f, nil
		case high/low <= 1+s.Tolerance, high*s.Hold.Seconds() < fewRequests:
			return f, nil
		case math.IsInf(high, 1):
			rate = min(2*low, s.To)
		case low == 0:
			rate = high / 2
		default:
			rate = math.Sqrt(low * high)
		}
	}
	return f, nil
}

// again tries a rate, once more if it was not kept, and up to three times more
// if the generator was to blame: that says nothing about the target.
func (s *Search) again(ctx context.Context, f *Found, rate float64,
	run func(context.Context, float64) (*Result, error)) (t Trial, err error) {
	for tries := 0; tries < 2 || tries < 4 && t.Result.Bottleneck == LimitGenerator; tries++ {
		if len(f.Curve) > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(s.Cool):
			}
		}
		if err := ctx.Err(); err != nil {
			return t, fmt.Errorf("loadgen: the search was interrupted: %w", err)
		}
		r, err := run(ctx, rate)
		if err != nil {
			return t, err
		}
		t = Trial{Rate: rate, Result: r}
		t.Kept, t.Why = s.SLO.Check(r)
		if behind := s.behind(r, rate); t.Kept && behind > 0 {
			t.Kept, t.Why = false, fmt.Sprintf("the target fell behind: %d requests waited when the schedule ended, "+
				"more than are in flight at that rate", behind)
		}
		if why := s.SLO.Blame(r); why != "" {
			r.Bottleneck, r.Why = LimitGenerator, why
		}
		if r.Bottleneck == LimitGenerator {
			t.Kept, t.Why = false, r.Why
		}
		if ctx.Err() != nil {
			t.Kept, t.Why = false, "interrupted"
		}
		f.Curve = append(f.Curve, t)
		if s.OnTrial != nil {
			s.OnTrial(t)
		}
		if t.Kept {
			break
		}
	}
	return t, nil
}

// behind is how many requests were waiting or in flight when the schedule
// ended, where these are more than Little's law has in flight at the rate, and
// than the tolerance allows; 0 otherwise. A rate above what the target can do
// grows a queue, and in a short trial it may drain before it breaks a limit.
func (s *Search) behind(r *Result, rate float64) int64 {
	backlog := r.Scheduled - r.Dropped - r.EndedInTime
	inFlight := rate * r.Service.Mean() / float64(time.Second)
	if float64(backlog) <= max(1, inFlight+s.Tolerance*rate*s.Hold.Seconds()) {
		return 0
	}
	return backlog
}
