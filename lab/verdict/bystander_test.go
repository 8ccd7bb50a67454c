package verdict

import (
	"testing"

	"github.com/lab99/lab99/results"
)

func TestBystanderIsCountedAndNotTakenForNginx(t *testing.T) {
	try := func(at float64, kind, errno string) results.Sample {
		return results.Sample{Host: results.HostProxy, T: at, Bystander: &results.Bystander{Kind: kind, Errno: errno}}
	}
	opens := func(at float64, n int64) results.Sample {
		return results.Sample{Host: results.HostProxy, T: at, Net: &results.Net{Counters: map[string]int64{"active_opens": n}}}
	}
	m := Measured{Proxy: &results.Net{Counters: map[string]int64{"active_opens": 107}}}
	if m.bystander() != nil {
		t.Error("no tries, and yet a bystander")
	}
	m.Samples = []results.Sample{
		opens(0, 0),
		try(1, results.BystanderBackend, ""),
		try(1.01, results.BystanderElsewhere, ""),
		try(1.02, results.BystanderBind, ""),
		opens(1.5, 53),
		try(2, results.BystanderBackend, "EADDRNOTAVAIL"),
		try(2.01, results.BystanderElsewhere, ""),
		try(2.02, results.BystanderBind, "EADDRINUSE"),
		try(3, results.BystanderBackend, "ETIMEDOUT"),
		try(3.01, results.BystanderElsewhere, "ECONNREFUSED"),
		try(3.02, results.BystanderBind, ""),
		opens(4, 107),
	}
	b := m.bystander()
	at := func(s float64) *float64 { return &s }
	for name, tc := range map[string]struct{ got, want results.Tries }{
		"backend":   {b.Backend, results.Tries{Tried: 3, Failed: 2, FirstFailureS: at(2), Errno: "EADDRNOTAVAIL"}},
		"elsewhere": {b.Elsewhere, results.Tries{Tried: 3, Failed: 1, FirstFailureS: at(3.01), Errno: "ECONNREFUSED"}},
		"bind":      {b.Bind, results.Tries{Tried: 3, Failed: 1, FirstFailureS: at(2.02), Errno: "EADDRINUSE"}},
	} {
		g, w := tc.got, tc.want
		if g.Tried != w.Tried || g.Failed != w.Failed || *g.FirstFailureS != *w.FirstFailureS || g.Errno != w.Errno {
			t.Errorf("%s: %+v, want %+v", name, g, w)
		}
	}
	// 9 tries, of which the kernel never sent a SYN for two.
	if got := m.allOpens(); got != 100 {
		t.Errorf("nginx opened %d, want 100", got)
	}
	if got := m.opens(1.5); got != 50 {
		t.Errorf("nginx had opened %v by 1.5 s, want 50", got)
	}
	for figure, want := range map[string]float64{
		"bystander_backend_failed":   2,
		"bystander_elsewhere_failed": 1,
		"bystander_bind_failed":      1,
	} {
		if got := m.figure(&results.Variant{Bystander: b}, figure); got == nil || *got != want {
			t.Errorf("%s: %v, want %v", figure, got, want)
		}
		if got := m.figure(&results.Variant{}, figure); got != nil {
			t.Errorf("%s without a bystander: %v", figure, *got)
		}
	}
}
