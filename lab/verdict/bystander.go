package verdict

import "github.com/lab99/lab99/results"

// bystander adds its tries up; nil where there was none.
func (m *Measured) bystander() *results.BystanderTries {
	var all *results.BystanderTries
	for i := range m.Samples {
		s := &m.Samples[i]
		if s.Bystander == nil {
			continue
		}
		if all == nil {
			all = new(results.BystanderTries)
		}
		k := all.Of(s.Bystander.Kind)
		if k == nil {
			continue // of a later version's
		}
		k.Tried++
		if s.Bystander.Errno == "" {
			continue
		}
		if k.Failed++; k.FirstFailureS == nil {
			k.FirstFailureS, k.Errno = &s.T, s.Bystander.Errno
		}
	}
	return all
}

// opens is how many connections nginx had opened by a moment, in seconds. The
// kernel counts the namespace's; the bystander's are known one by one.
func (m *Measured) opens(t float64) float64 {
	return max(0, m.counter(results.HostProxy, "active_opens", t)-float64(m.bystanderOpens(t)))
}

// allOpens is the same for the whole observation, and exact.
func (m *Measured) allOpens() int64 {
	return max(0, m.Proxy.Counters["active_opens"]-m.bystanderOpens(orNever(nil)))
}

func (m *Measured) bystanderOpens(t float64) (n int64) {
	for _, s := range m.Samples {
		if s.Bystander != nil && s.T <= t && s.Bystander.Opened() {
			n++
		}
	}
	return n
}
