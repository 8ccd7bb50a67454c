package diagnose

import (
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
)

// nearest names the fullest pair of the host where nothing is wrong.
func nearest(v *view) {
	t := v.report.fullest()
	if t == nil || t.State != OK || t.share() == 0 || !v.has(t) {
		return
	}
	text := fmt.Sprintf("nearest to full: %s, %s of %s ports (%s)", v.pair(t), format.Grouped(t.Taken-t.Reusable),
		format.Grouped(*t.Tuples), format.Percent(*t.Share))
	level, next := Note, "nothing to do"
	switch {
	case *t.SteadyTaken > law.SteadyRho*float64(*t.Tuples):
		level, next = Warning, v.seen.useAgain()+"; or widen the range: there is no margin"
		text += fmt.Sprintf("; at %s it comes to hold %s of them", t.coming(), format.Grouped(*t.SteadyTaken))
	case t.TimeWaitsPerS > 0:
		text += fmt.Sprintf("; they bear %s TIME_WAITs a second, and there are %s", format.Rough(*t.SafePerS),
			format.Rough(t.TimeWaitsPerS))
	default:
		text += fmt.Sprintf("; they bear %s TIME_WAITs a second", format.Rough(*t.SafePerS))
	}
	v.add(Finding{Level: level, Source: t.Source, Destination: t.Destination, Text: text, Next: next})
}

// fullest is the pair of all namespaces that has the largest share taken; nil: there is
// none whose share is known.
func (r *Report) fullest() (t *Tuple) {
	for i := range r.Namespaces {
		for j := range r.Namespaces[i].Tuples {
			if x := &r.Namespaces[i].Tuples[j]; x.Share != nil && (t == nil || *x.Share > *t.Share) {
				t = x
			}
		}
	}
	return t
}

// has says whether a pair is one of the namespace's.
func (n *NamespaceReport) has(t *Tuple) bool {
	for i := range n.Tuples {
		if &n.Tuples[i] == t {
			return true
		}
	}
	return false
}
