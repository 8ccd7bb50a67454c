package results

import (
	"iter"
	"reflect"

	"github.com/lab99/lab99/internal/format"
)

// View is one variant with all that is known of it: its row, what was planned,
// what was saved and where it ran.
type View struct {
	Variant
	Plan   VariantPlan
	Data   VariantData // empty: nothing was saved
	Env    *VariantEnv // nil: nothing was read back
	NotRun bool
}

// Views lists the variants in the order of the plan. A variant that never ran
// or was cut short is there too, since the reader must see what is missing.
func (r *Run) Views() []View {
	var all []View
	for _, plan := range r.Plan.Variants {
		v := View{Variant: r.Row(plan), Plan: plan, NotRun: r.Summary.Variant(plan.Name) == nil}
		for _, d := range r.Variants {
			if d.Name == plan.Name {
				v.Data = d
			}
		}
		for i := range r.Env.Variants {
			if r.Env.Variants[i].Name == plan.Name {
				v.Env = &r.Env.Variants[i]
			}
		}
		all = append(all, v)
	}
	return all
}

// FirstError99 is the time of the first error 99 in words. "None" and "not
// measured" differ.
func (v *Variant) FirstError99() string {
	switch {
	case v.FirstError != nil:
		return format.Seconds(*v.FirstError)
	case v.Errors != nil && v.Errors.Error99 == 0:
		return "none"
	}
	return format.NotMeasured
}

// GivenF says that the law used the measured close share of a race, so that
// its prediction is no forecast. Older runs do not store the share. Their
// prediction then differs from that of the plan.
func (v *View) GivenF() bool {
	return v.Predicted.GivenShare != nil || v.Plan.Race && !reflect.DeepEqual(v.Predicted, v.Plan.Predicted)
}

// ListsProxySockets says whether a sample holds the sockets of nginx's host.
func (s *Sample) ListsProxySockets() bool {
	return s.Host == HostProxy && s.Net != nil && s.Net.Sockets != nil
}

// ProxySockets are the samples of nginx's host that listed its sockets.
func (d *VariantData) ProxySockets() iter.Seq[*Sample] {
	return func(yield func(*Sample) bool) {
		for i := range d.Samples {
			s := &d.Samples[i]
			if s.ListsProxySockets() && !yield(s) {
				return
			}
		}
	}
}

// Fullest is the sample that found the most sockets; nil where none listed any.
func (d *VariantData) Fullest() *Sample {
	var most *Sample
	for s := range d.ProxySockets() {
		if most == nil || s.Net.Count("") > most.Net.Count("") {
			most = s
		}
	}
	return most
}
