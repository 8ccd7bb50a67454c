package report

import (
	"cmp"
	"slices"

	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
)

// occupied is the moment at which most tuples were taken.
type occupied struct {
	At           string
	Destinations []destination
}

// destination is one of the upstream's, with the sockets towards it.
type destination struct {
	Dst             string
	Taken, TimeWait int64
	Usable          string // ports towards it, of all source addresses
}

// full says which tuples were full, where any were: 99 % of those there are,
// as the sampler never meets the very last.
func full(v *variant) *occupied {
	if v.Data == nil || v.Predicted.Tuples == 0 {
		return nil
	}
	var most *results.Sample
	for i := range v.Data.Samples {
		s := &v.Data.Samples[i]
		if s.Host == results.HostProxy && s.Net != nil && (most == nil || s.Net.Count("") > most.Net.Count("")) {
			most = s
		}
	}
	if most == nil || float64(most.Net.Count("")) < 0.99*float64(v.Predicted.Tuples) {
		return nil
	}
	o := &occupied{At: chart.Seconds(most.T)}
	for _, s := range most.Net.Sockets {
		i := slices.IndexFunc(o.Destinations, func(d destination) bool { return d.Dst == s.Dst })
		if i < 0 {
			i = len(o.Destinations)
			o.Destinations = append(o.Destinations, destination{Dst: s.Dst})
		}
		o.Destinations[i].Taken += s.N
		if s.State == "time-wait" {
			o.Destinations[i].TimeWait += s.N
		}
	}
	slices.SortFunc(o.Destinations, func(a, b destination) int { return cmp.Compare(a.Dst, b.Dst) })
	for i := range o.Destinations {
		o.Destinations[i].Usable = chart.Grouped(float64(v.Predicted.Tuples) / float64(len(o.Destinations)))
	}
	return o
}

// Fixed and Unfixed are the variants beside the baseline, by what became of
// them.
func (p *page) Fixed() []variant {
	return p.others(func(v variant) bool { return v.Verdict == "mitigated" })
}

// Unfixed is the rest of those that were judged.
func (p *page) Unfixed() []variant {
	return p.others(func(v variant) bool { return v.Verdict != "mitigated" && !v.NotRun })
}

func (p *page) others(want func(variant) bool) []variant {
	var some []variant
	for _, v := range p.Variants {
		if !v.IsBaseline(p) && want(v) {
			some = append(some, v)
		}
	}
	return some
}

// IsBaseline says whether the others are told from this one.
func (v variant) IsBaseline(p *page) bool { return v.Name == p.Baseline() }
