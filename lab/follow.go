package lab

import (
	"fmt"
	"slices"
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
// figures, the law says what to expect of the others; that the first variant will
// not fail with them is noted first of all. What the scenario claims beside the
// verdict goes with a verdict that changes.
func Follow(r *scenarios.Resolved) (*scenarios.Resolved, []string) {
	w := r.AsWritten
	if w == nil {
		return r, nil
	}
	if w = alike(w, r); w == nil {
		return r, nil
	}
	c := *r
	c.Variants = slices.Clone(r.Variants)
	_, before := predictions(w, manyCPUs)
	_, after := predictions(r, manyCPUs)
	longer := map[string][]string{} // variants by their new duration
	var order, notes []string
	for i := range c.Variants {
		v, was := &c.Variants[i], w.Variants[i]
		d, short := fits(*v, was, before, after, i)
		if short {
			notes = append(notes, fmt.Sprintf("%s: what is due comes later than a load may last (%v), "+
				"so that it will not be seen",
				v.Name, scenarios.MaxDuration))
		}
		if d != v.Duration {
			v.Duration = d
			text := d.String()
			if longer[text] == nil {
				order = append(order, text)
			}
			longer[text] = append(longer[text], v.Name)
		}
	}
	if len(order) > 0 {
		var parts []string
		for _, d := range order {
			parts = append(parts, fmt.Sprintf("%s %s", strings.Join(longer[d], ", "), d))
		}
		notes = append(notes, "with these figures the load lasts longer than the scenario file says, "+
			"until after the predicted moment: "+strings.Join(parts, "; ")+" (--set size.duration sets it)")
	}
	_, after = predictions(&c, manyCPUs)
	for i := range c.Variants {
		notes = append(notes, expects(&c.Variants[i], w.Variants[i], before[i], after[i], i == 0)...)
	}
	return &c, notes
}

// alike are the variants of w that r has, in r's order; nil if one is missing.
func alike(w, r *scenarios.Resolved) *scenarios.Resolved {
	c := *w
	c.Variants = nil
	for _, v := range r.Variants {
		i := slices.IndexFunc(w.Variants, func(x scenarios.Variant) bool { return x.Name == v.Name })
		if i < 0 {
			return nil
		}
		c.Variants = append(c.Variants, w.Variants[i])
	}
	return &c
}

// expects lets the law say what to expect of a variant, if it did so of the file's
// figures and they are others now.
func expects(v *scenarios.Variant, was scenarios.Variant, before, after law.Prediction, first bool) (notes []string) {
	written := was.Expect.Verdict
	switch {
	case v.Expect.Set, written != before.Verdict && written != law.Predicted:
		return nil
	case withDefaults(*v).Proxy.HTTP == scenarios.HTTPDefault && withDefaults(was).Proxy.HTTP != scenarios.HTTPDefault:
		return []string{fmt.Sprintf("%s: %s does not say which release of %s it is, "+
			"so what the scenario expects stays as it is", v.Name, v.Proxy.Image, v.Proxy.Kind)}
	case before.Verdict == after.Verdict:
		v.Expect.Verdict = law.Predicted
		return nil
	case v.Proxy.Keepalive > 0 && !law.Fails(before.Verdict) && keepsUp(*v):
		// Only what the backend closes by itself would fill the ports, and whose
		// TIME_WAIT that is nobody knows.
		return nil
	}
	if first && !law.Fails(after.Verdict) && !after.OrNever {
		notes = append(notes, fmt.Sprintf("%s: with these figures the law predicts no error 99 "+
			"(%s, load factor %.2f), and the run is as expected if none comes", v.Name, after.Verdict, after.Rho))
	}
	v.Expect.Verdict = law.Predicted
	for _, c := range v.Expect.Measured {
		notes = append(notes, fmt.Sprintf("%s: the claim %s %s %g is left out: with these figures the law predicts %s",
			v.Name,
			c.Figure, c.Op, c.Value, after.Verdict))
	}
	v.Expect.Measured = nil
	return notes
}

// keepsUp says whether a variant's pool holds all that is under way.
func keepsUp(v scenarios.Variant) bool {
	v.Backend.KeepAliveRequests = 0 // for ever
	s := setup(v, usable(v), manyCPUs, nil, nil)
	return s.Churn == 0 && s.AtOnce() <= float64(s.Tuples())
}

// manyCPUs leaves nginx's workers a core each: what a run asks for does not depend
// on the machine it is planned on.
const manyCPUs = 1 << 10

// AdaptToOverrides is a scenario as it is run: what --set changes goes into its
// durations and expectations, and variants that could not differ are left out. The
// notes say what a reader must know before the run.
func AdaptToOverrides(r *scenarios.Resolved) (*scenarios.Resolved, []string) {
	r, notes := Applicable(r)
	r, more := Follow(r)
	return r, append(notes, more...)
}

// fits is how long variant i is to last; short says that this is not enough.
func fits(v, was scenarios.Variant, before, after []law.Prediction, i int) (d time.Duration, short bool) {
	if v.DurationSet {
		return v.Duration, false
	}
	from, to := due(was, before[i]), due(v, after[i])
	if to == 0 {
		from, to = due(was, before[0]), due(v, after[0])
	}
	if to <= from {
		return v.Duration, false
	}
	d = v.Duration + time.Duration((to-from)*float64(time.Second))
	if from > 0 && race(withDefaults(v)) {
		d = time.Duration(float64(v.Duration) * to / from)
		// If the table has not filled by the time the first TIME_WAITs expire, it never will.
		d = min(d, v.Duration+time.Duration(after[i].HoldS*float64(time.Second)))
	}
	if d > scenarios.MaxDuration {
		return v.Duration, true
	}
	return d.Round(100 * time.Millisecond), false
}

// due is the second at which a predicted event has come, to all of the variant's
// sources. 0: none comes, or only by chance.
func due(v scenarios.Variant, p law.Prediction) float64 {
	switch {
	case p.CollapseS != nil:
		return *p.CollapseS
	case p.FirstError99S != nil && !(random(v) && p.Rho <= 1):
		spread := law.EarlyBySplit(v.Proxy.Addresses, p.Tuples/max(v.Backend.Destinations(), 1))
		return p.Latest99() * (1 + spread)
	}
	return 0
}
