package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios"
)

// Follow makes a scenario that --set gave other ports, rates or settings than
// its file has mean the same thing with them.
//
// The file's durations are long enough for its own figures: 300 ports at 200/s
// are used up within its 8 s, 9,000 at 400/s are not. So each variant's grows by
// as much as its error 99, or its collapse, comes later; where neither comes, by
// as much as the first variant's, so that a mitigation is tried for as long
// as what it mitigates takes. In a race, whose f is an outcome, it grows in
// proportion. A duration that --set names stands.
//
// And where the file's verdict is the one that the law gives for the file's
// figures, the law says what to expect of the others. What the scenario claims
// beside the verdict goes with a verdict that changes.
func Follow(r *scenarios.Resolved, cpus int) (*scenarios.Resolved, []string) {
	w := r.AsWritten
	if w == nil || len(w.Variants) != len(r.Variants) {
		return r, nil
	}
	c := *r
	c.Variants = append([]scenarios.Variant(nil), r.Variants...)
	before, after := predictions(w, cpus), predictions(r, cpus)
	longer := map[string][]string{} // variants by their new duration
	var order []string
	for i := range c.Variants {
		v, was := &c.Variants[i], w.Variants[i]
		if d := fits(*v, was, before, after, i); d != v.Duration {
			v.Duration = d
			text := d.String()
			if longer[text] == nil {
				order = append(order, text)
			}
			longer[text] = append(longer[text], v.Name)
		}
	}
	after = predictions(&c, cpus)
	for i := range c.Variants {
		v, was := &c.Variants[i], w.Variants[i]
		if was.Expect.Verdict != before[i].Verdict || v.Expect.Set {
			continue
		}
		v.Expect.Verdict = scenarios.VerdictPredicted
		if after[i].Verdict != before[i].Verdict {
			v.Expect.Measured = nil
		}
	}
	if len(order) == 0 {
		return &c, nil
	}
	var parts []string
	for _, d := range order {
		parts = append(parts, fmt.Sprintf("%s %s", strings.Join(longer[d], ", "), d))
	}
	return &c, []string{"with these figures the load lasts longer than the file says, so that what is due can come: " +
		strings.Join(parts, "; ") + " (--set size.duration sets it)"}
}

// Ready is a scenario as it is run on a machine of so many processors, and what
// a reader must know before it is.
func Ready(r *scenarios.Resolved, cpus int) (*scenarios.Resolved, []string) {
	r, notes := Follow(r, cpus)
	r, more := Applicable(r)
	return r, append(notes, more...)
}

// predictions are those of a scenario's variants.
func predictions(r *scenarios.Resolved, cpus int) []law.Prediction {
	var all []law.Prediction
	for _, v := range r.Variants {
		var baseline *law.Prediction
		if len(all) > 0 {
			baseline = &all[0]
		}
		all = append(all, law.Predict(setup(v, usable(v), cpus, nil, baseline)))
	}
	return all
}

// fits is how long variant i is to last.
func fits(v, was scenarios.Variant, before, after []law.Prediction, i int) time.Duration {
	if v.DurationSet {
		return v.Duration
	}
	from, to := due(was, before[i]), due(v, after[i])
	if to == 0 {
		from, to = due(was, before[0]), due(v, after[0])
	}
	if to <= from {
		return v.Duration
	}
	d := v.Duration + time.Duration((to-from)*float64(time.Second))
	if from > 0 && race(settled(v)) {
		d = time.Duration(float64(v.Duration) * to / from)
	}
	return min(d.Round(100*time.Millisecond), scenarios.MaxDuration)
}

// due is the second at which what a prediction foretells has come, to all of
// the variant's sources; 0: nothing does.
func due(v scenarios.Variant, p law.Prediction) float64 {
	switch {
	case p.CollapseS != nil:
		return *p.CollapseS
	case p.FirstError99S != nil:
		spread := law.EarlyBySplit(v.Proxy.Addresses, p.Tuples/max(v.Backend.Destinations(), 1))
		return *p.FirstError99S * (1 + spread)
	}
	return 0
}
