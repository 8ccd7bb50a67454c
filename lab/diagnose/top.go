package diagnose

import (
	"cmp"
	"slices"

	"k8s.io/utils/ptr"
)

// leave keeps the fullest tuples of all namespaces, and counts those that it leaves out.
func (r *Report) leave(top int) {
	type place struct{ namespace, tuple int }
	var all []place
	for i, n := range r.Namespaces {
		for j := range n.Tuples {
			all = append(all, place{i, j})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int {
		x, y := &r.Namespaces[a.namespace].Tuples[a.tuple], &r.Namespaces[b.namespace].Tuples[b.tuple]
		return cmp.Or(
			cmp.Compare(y.urgency(), x.urgency()),
			cmp.Compare(y.share(), x.share()),
			cmp.Compare(y.Taken, x.Taken),
		)
	})
	kept := make([][]Tuple, len(r.Namespaces))
	for i, p := range all {
		if top > 0 && i >= top {
			r.Namespaces[p.namespace].Others++
			continue
		}
		kept[p.namespace] = append(kept[p.namespace], r.Namespaces[p.namespace].Tuples[p.tuple])
	}
	for i := range r.Namespaces {
		r.Namespaces[i].Tuples = append([]Tuple{}, kept[i]...)
	}
}

func (t *Tuple) urgency() int {
	return slices.Index([]string{OK, Unknown, Slow, RunningOut, Exhausted}, t.State)
}

func (t *Tuple) share() float64 { return ptr.Deref(t.Share, 0) }
