package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestDistrust spoils an ideal run in one way each.
func TestDistrust(t *testing.T) {
	drop := func(host string, from, to float64) func(*Measured) {
		return func(m *Measured) {
			m.Samples = slices.DeleteFunc(m.Samples, func(s results.Sample) bool { return s.Host == host && s.T > from && s.T < to })
		}
	}
	proxy := func(each func(n *results.Net, t float64)) func(*Measured) {
		return func(m *Measured) {
			for _, s := range m.Samples {
				if s.Net != nil {
					each(s.Net, s.T)
				}
			}
		}
	}
	late := func(per int64, until float64) func(*Measured) {
		return func(m *Measured) {
			for _, s := range m.Samples {
				if s.Load != nil && s.T < until {
					s.Load.Late = per
				}
			}
		}
	}
	clocks := func(bound time.Duration) func(*Measured) {
		return func(m *Measured) {
			s := m.Plan.Laws()
			s.ClockBound, m.Plan.Setup = bound, &s
		}
	}
	for _, tc := range []struct {
		name  string
		spoil func(*Measured)
		why   string // "": the run can be trusted all the same
	}{
		{"nothing", func(*Measured) {}, ""},
		{"a pause of 100 ms", late(20, 0.11), ""},
		{"two such pauses", late(20, 0.21), "sent 8.0 % of its requests more than 10 ms late"},
		{"a gap of five intervals", drop(results.HostProxy, 1.01, 1.49), ""},
		{
			name:  "a gap of seven on the proxy",
			spoil: drop(results.HostProxy, 1.01, 1.69),
			why:   "no sample of host proxy was taken for 0.70 s, from 1.00 s on",
		},
		{"a gap of the generator", drop(results.HostLoad, 1.01, 1.69), "no sample of host load was taken for 0.70 s"},
		{"no sample at the end", drop(results.HostProxy, 6.81, 99), "no sample of host proxy was taken for 0.70 s, from 6.80 s on"},
		{"no sample at the beginning", drop(results.HostProxy, -1, 0.69), "no sample of host proxy was taken for 0.70 s, from 0.00 s on"},
		{"nginx waits, less than it runs", proxy(func(n *results.Net, t float64) { n.CPUSeconds, n.WaitS = 0.6*t, 0.4*t }), ""},
		{"nginx waits more, but little", proxy(func(n *results.Net, t float64) { n.CPUSeconds, n.WaitS = 0.02*t, 0.1*t }), ""},
		{
			name:  "nginx is starved",
			spoil: proxy(func(n *results.Net, t float64) { n.CPUSeconds, n.WaitS = 0.01*t, 0.5*t }),
			why:   "nginx was ready to run and had no processor for 3.8 of 7.5 s",
		},
		{"some steal", proxy(func(n *results.Net, t float64) { n.StealS = 0.15 * t }), ""}, // of two processors
		{
			name:  "much steal",
			spoil: proxy(func(n *results.Net, t float64) { n.StealS = 0.5 * t }),
			why:   "the hypervisor took 25 % of the machine's processor time",
		},
		{
			name:  "conntrack drops",
			spoil: proxy(func(n *results.Net, t float64) { n.Counters["conntrack_drop"] = int64(t) }),
			why:   "connection tracking on the proxy lost 7 packets (7 dropped",
		},
		{"conntrack evicts", proxy(func(n *results.Net, t float64) { n.Counters["conntrack_early_drop"] = 3 }), "3 evicted early"},
		{"conntrack full", proxy(func(n *results.Net, t float64) {
			n.Counters["conntrack_max"], n.Counters["conntrack_entries"] = 300, min(300, int64(100*t))
		}), "table of the proxy was full, 300 of 300, 3.00 s into the load"},
		{"conntrack with room", proxy(func(n *results.Net, t float64) {
			n.Counters["conntrack_max"], n.Counters["conntrack_entries"] = 1000, 900
		}), ""},
		{"clocks as good as what is judged", clocks(49 * time.Millisecond), ""},
		{
			name:  "clocks worse than that",
			spoil: clocks(51 * time.Millisecond),
			why:   "the hosts' clocks are known to 51 ms only, and moments are judged to within 50 ms",
		},
		{
			name:  "a fault comes first",
			spoil: func(m *Measured) { m.Faults = []string{"nginx ended by itself"}; m.Totals.OwnLimit = "ports" },
			why:   "nginx ended by itself; the load generator hit",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := measured(setup(500, 1, 200, 10), 7.5, nil)
			m.CPUs = 2
			for i, s := range m.Samples { // each its own counters
				if s.Net != nil {
					net := *s.Net
					net.Counters = map[string]int64{
						"active_opens":      net.Counters["active_opens"],
						"time_wait_created": net.Counters["time_wait_created"],
					}
					m.Samples[i].Net = &net
				}
			}
			tc.spoil(&m)
			v := Judge(m)
			want := law.Invalid
			if tc.why == "" {
				want = law.Reproduced
			}
			if v.Verdict != want || tc.why != "" && !strings.Contains(v.Why, tc.why) {
				t.Errorf("verdict %s: %s\nwant %q", v.Verdict, v.Why, tc.why)
			}
		})
	}
}
