package diagnose

import (
	"slices"

	"github.com/lab99/lab99/lab/law"
)

// Whole is the report with all pairs of source and destination, those that Options.Top
// leaves out too.
func (r *Report) Whole() *Report {
	o := r.options
	o.Top = 0
	return Conclude(r.seen, o)
}

// Configured are the configurations of nginx that were read in a namespace of the report.
func (r *Report) Configured(n *NamespaceReport) []Configured {
	for i := range r.Namespaces {
		if &r.Namespaces[i] == n {
			all := slices.Clone(r.seen.Namespaces[i].Configured)
			return slices.DeleteFunc(all, func(c Configured) bool { return c.Report == nil })
		}
	}
	return nil
}

// Load is what takes the ports of the pair, in the words of the laws, and nothing else:
// the connections per second that leave a TIME_WAIT at this end, so that f is 1. Of a
// table that is full, or a load that has stopped, it is the rate until then.
func (t *Tuple) Load() law.Setup {
	s := t.setup
	s.RatePerS, s.CloseShare = max(t.TimeWaitsPerS, t.was), 1
	s.Workers = everyCore
	return s
}
