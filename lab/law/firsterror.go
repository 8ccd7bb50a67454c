package law

import (
	"fmt"
	"math"
)

// FirstError99 is the moment of the first error 99.
//
// Where tcp_tw_reuse counts whole seconds it is an interval (seconds.go), and where bursts
// meet a pool (bursts.go). Within a burst the law knows no time. Of a pool without bursts
// it knows only what it churns at the most, so a failure may come later.
var FirstError99 = Law{
	ID: "first_error_99", Name: "first error 99", Unit: Seconds,
	Figure: "first_error_99_s", More: LessSevere,
	Forecast:     func(p Prediction) *float64 { return p.FirstError99S },
	ForecastMost: func(p Prediction) *float64 { return p.FirstError99LatestS },
	Compare: func(r Run) *Compared {
		seen := r.Measured("first_error_99_s")
		if r.estimated() || (r.pooled() || r.law().OrNever) && seen != nil {
			return nil
		}
		c := &Compared{Predicted: r.first(), Measured: seen}
		if c.Predicted != nil {
			c.Most = r.law().FirstError99LatestS
		}
		last := max(or0(c.Predicted), or0(c.Most))
		c.Tolerance = max(r.within(last), r.early()*last, BurstTolerance(r.Setup.Burst))
		if c.Predicted != nil && seen != nil && *seen > last {
			c.Tolerance += r.LateS
		}
		return c
	},
	Check: func(r Run) *Checked {
		p, seen := r.Predicted.FirstError99S, r.Measured("first_error_99_s")
		if p == nil || seen == nil || r.Predicted.Rough() || !r.Setup.Exact() {
			return nil
		}
		latest := r.Predicted.Latest99()
		late := max(r.within(latest), BurstTolerance(r.Setup.Burst)) + r.LateS
		early, words := max(r.within(*p), BurstTolerance(r.Setup.Burst)), "t = K/(fR), within 2 % and at least 30 ms"
		if latest > *p {
			words = "K/(fR) ≤ t ≤ 2K/(fR), within 2 % and at least 30 ms: " +
				"this kernel's tcp_tw_reuse counts whole seconds"
			if why := r.Setup.WhyLater(); why != "" {
				words = "in a burst between those in which the most and the least connections use up K: " + why
			}
		}
		if n := r.Setup.Sources; n > 1 {
			early = max(early, r.early()**p)
			words = fmt.Sprintf("t = K/(fR), up to %.0f %% early because requests are split at random "+
				"over %d sources, 2 %% late", 100*early / *p, n)
		}
		switch {
		case r.Predicted.OrNever:
			late = math.Inf(1)
			words = "not before the burst in which the most connections use up K: " + r.Setup.WhyLater()
		case r.pooled():
			late = math.Inf(1)
			words = "t ≥ K/(fR·churn): a pool churns no more than the law says, " +
				"and less where requests do not all end at once"
		}
		words += r.clocks() + r.sentLate()
		c := &Checked{
			OK: *seen >= *p-early && *seen <= latest+late, Law: words, Predicted: p, Measured: seen,
			Text: fmt.Sprintf("predicted %.3f s, measured %.3f s, %+.1f %%", *p, *seen, 100*(*seen / *p - 1)),
		}
		if latest > *p {
			c.Text = fmt.Sprintf("predicted %.3f to %.3f s, measured %.3f s", *p, latest, *seen)
		}
		return c
	},
}
