package openmetrics

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/lab99/lab99/results"
)

// What a node_exporter in the proxy's network namespace would say, by its names and for the
// rules of package monitoring, which so can be tried on the run itself. They are of a scrape
// only: in the file they would be put beside production's.
var (
	nodeTimeWait = Family{
		Name: "node_sockstat_TCP_tw",
		Type: Gauge,
		Help: "TIME_WAIT sockets of the proxy's network namespace, as node_exporter has it.",
	}
	nodeOpens = Family{
		Name: "node_netstat_Tcp_ActiveOpens",
		Type: Unknown,
		Help: "Connections that were begun in the proxy's network namespace, as node_exporter has it, " +
			"since observation began.",
	}
	nodeEstab = Family{
		Name: "node_netstat_Tcp_CurrEstab",
		Type: Unknown,
		Help: "Established connections of the proxy's network namespace, as node_exporter has it.",
	}
)

// Now is a run under way as a scrape gets it. A variant's levels go with its lab, and its
// counters stay. The zero value has no variant.
type Now struct {
	mu  sync.Mutex
	set set
	all []*Variant
}

// Variant is one of them.
type Variant struct {
	now    *Now
	c      collector
	tuples float64
	latest map[slot]results.Sample // since the last scrape: what nobody asks for costs little
}

// Begin begins a variant, also one that runs again: its counters begin at 0.
func (n *Now) Begin(name string, plan results.VariantPlan) *Variant {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.set.now = true
	v := &Variant{now: n, tuples: float64(plan.Predicted.Tuples), c: collector{set: &n.set, variant: name}}
	n.all = append(n.all, v)
	v.begin()
	return v
}

func (v *Variant) begin() {
	v.c = collector{set: v.c.set, variant: v.c.variant}
	v.latest = map[slot]results.Sample{}
	v.c.drop(func(Family) bool { return true })
	v.c.add(tuples, 0, v.tuples)
	v.c.add(nodeTimeWait, 0, 0)
	v.c.add(nodeOpens, 0, 0) // an increase has to begin somewhere
}

// Again says that it runs again.
func (v *Variant) Again() {
	v.now.mu.Lock()
	defer v.now.mu.Unlock()
	v.begin()
}

// Sample takes a sample.
func (v *Variant) Sample(s results.Sample) {
	v.now.mu.Lock()
	defer v.now.mu.Unlock()
	k := slotOf(s)
	if k.kind == single {
		v.c.take(s)
		return
	}
	if before, found := v.latest[k]; found {
		s = after(before, s)
	}
	v.latest[k] = s
}

// End says that its lab is gone.
func (v *Variant) End() {
	v.now.mu.Lock()
	defer v.now.mu.Unlock()
	v.settle()
	v.c.drop(func(f Family) bool { return f.Type != Counter })
}

// settle makes values of the samples since the last scrape, in their order: those of one
// host's sockets and of its counters alone have levels in common.
func (v *Variant) settle() {
	all := slices.SortedFunc(maps.Values(v.latest), func(a, b results.Sample) int {
		return cmp.Or(byTime(a, b), cmp.Compare(a.Host, b.Host))
	})
	v.c.survey(all)
	for _, s := range all {
		v.c.take(s)
		if s.Net != nil && s.Host == results.HostProxy {
			v.c.add(nodeTimeWait, s.T, float64(s.Net.TimeWait))
			v.c.add(nodeOpens, s.T, float64(s.Net.Counters["active_opens"]))
			v.c.add(nodeEstab, s.T, float64(s.Net.Counters["curr_estab"]))
		}
	}
	clear(v.latest)
}

// Text is the text of now.
func (n *Now) Text() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, v := range n.all {
		v.settle()
	}
	var b bytes.Buffer
	n.set.write(&b) // a buffer takes all
	return b.Bytes()
}

// drop removes the variant's series of some families.
func (c *collector) drop(which func(Family) bool) {
	s := c.set
	mine := strings.TrimSuffix(c.labels(nil), "}") // it ends with a quote: no other name begins so
	for name, keys := range s.keys {
		if !which(s.about[name]) {
			continue
		}
		s.keys[name] = slices.DeleteFunc(keys, func(key string) bool {
			labels := s.series[key].labels
			if !strings.HasPrefix(labels, mine) {
				return false
			}
			delete(s.series, key)
			return true
		})
	}
}
