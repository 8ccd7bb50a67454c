package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// occupied is the moment at which most tuples were taken.
type occupied struct {
	At           string
	Destinations []destination
}

// destination is one of the upstream's, with the sockets towards it.
type destination struct {
	Dst    string
	Taken  int64
	states map[string]int64
	Usable string // ports towards it, of all source addresses
}

// By says what holds the tuples, the most first.
func (d destination) By() string {
	var parts []string
	for _, n := range format.ByCount(d.states) {
		parts = append(parts, format.Grouped(float64(d.states[n]))+" "+strings.ToUpper(strings.ReplaceAll(n, "-", "_")))
	}
	return strings.Join(parts, ", ")
}

// heldBy is the state that most of the tuples were in when most were taken; ""
// where nobody looked.
func (v *variant) heldBy() string {
	most := v.Data.Fullest()
	if most == nil {
		return ""
	}
	held := map[string]int64{}
	by := ""
	for _, s := range most.Net.Sockets {
		held[s.State] += s.N
		if by == "" || held[s.State] > held[by] {
			by = s.State
		}
	}
	return by
}

// full says which tuples were full, where any were: 99 % of those there are,
// as the sampler never meets the very last.
func full(v *variant) *occupied {
	most := v.Data.Fullest()
	if most == nil || v.Predicted.Tuples == 0 || float64(most.Net.Count("")) < 0.99*float64(v.Predicted.Tuples) {
		return nil
	}
	o := &occupied{At: format.Seconds(most.T)}
	for _, s := range most.Net.Sockets {
		i := slices.IndexFunc(o.Destinations, func(d destination) bool { return d.Dst == s.Dst })
		if i < 0 {
			i = len(o.Destinations)
			o.Destinations = append(o.Destinations, destination{Dst: s.Dst, states: map[string]int64{}})
		}
		o.Destinations[i].Taken += s.N
		o.Destinations[i].states[s.State] += s.N
	}
	slices.SortFunc(o.Destinations, func(a, b destination) int { return cmp.Compare(a.Dst, b.Dst) })
	for i := range o.Destinations {
		o.Destinations[i].Usable = format.Grouped(float64(v.Predicted.Tuples) / float64(len(o.Destinations)))
	}
	return o
}
