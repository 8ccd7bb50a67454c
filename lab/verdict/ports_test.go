package verdict

import (
	"math"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// TestNoVerdictWithoutEvidence: a run that says nothing of ports gets no verdict
// about them, whatever its failures look like.
func TestNoVerdictWithoutEvidence(t *testing.T) {
	holding := func() Measured { return measured(setup(500, 1, 100, 4), 4, nil) } // 400 of 500 ports
	failing := func() Measured {
		m := measured(setup(500, 1, 200, 10), 7.5, nil)
		m.Plan.OwnConfig = "nginx.conf"
		return m
	}
	usable := int64(500)
	for name, c := range map[string]struct {
		m       func() Measured
		verdict string
		says    []string
	}{
		"nothing reached a backend": {func() Measured {
			m := holding()
			m.Proxy.Counters = map[string]int64{}
			m.Plan.Answer = "/ is answered by nginx.conf:4"
			return m
		}, law.Invalid, []string{"no request reached a backend", "nginx.conf:4"}},
		"nothing reached a backend, on a busy machine": {func() Measured {
			m := holding()
			m.Proxy.Counters = map[string]int64{}
			m.Plan.Answer = "/ is answered by nginx.conf:4"
			for _, s := range m.Samples {
				if s.Load != nil {
					s.Load.Late = s.Load.Sent / 2
				}
			}
			return m
		}, law.Invalid, []string{"no request reached a backend", "nginx.conf:4"}},
		"every server of the group is down": {func() Measured {
			m := holding()
			m.Proxy.Counters = map[string]int64{}
			m.Plan.Answer = "every server of upstream app is down"
			m.Log = Logged{ByText: map[string]int64{"[error] no live upstreams while connecting to upstream": 400}}
			return m
		}, law.Invalid, []string{"no request reached a backend", "every server of upstream app is down"}},
		"a backend that refuses": {func() Measured {
			m := holding()
			m.Proxy.Counters = map[string]int64{}
			m.Log = Logged{ByText: map[string]int64{"[error] connect() failed (111: Connection refused) while connecting to upstream": 400}}
			return m
		}, law.Inconclusive, nil},
		"a Unix-domain socket": {func() Measured {
			unix := setup(500, 1, 100, 4)
			unix.CloseShare = 0
			m := measured(unix, 4, nil)
			m.Plan.Setup = &unix
			for _, s := range m.Samples {
				if s.Net != nil {
					s.Net.Counters = map[string]int64{}
				}
			}
			m.Proxy.Counters = map[string]int64{}
			return m
		}, law.Mitigated, nil},
		"a pool with a connection from before the load": {func() Measured {
			woken := setup(500, 1, 100, 4).By(law.Conduct{CloseShare: 1, Idle: 8, Tries: 1, Spent: 2}).Complete()
			m := measured(woken, 4, nil)
			m.Plan.Setup = &woken
			for _, s := range m.Samples {
				if s.Net != nil {
					s.Net.Counters, s.Net.Sockets = map[string]int64{}, []results.Sockets{}
				}
			}
			m.Proxy.Counters = map[string]int64{}
			return m
		}, law.Mitigated, nil},
		"errno 99 with ports free": {func() Measured {
			m := failing()
			m.Usable = &usable
			for _, s := range m.Samples {
				if s.Net != nil {
					s.Net.Sockets = []results.Sockets{}
				}
			}
			m.Log = Logged{Lines: []string{"… connect() to [::1]:8080 failed " +
				"(99: Cannot assign requested address) while …"}}
			return m
		}, law.NotReproduced, []string{"0 of 500 ports", "IPv6", "not port exhaustion"}},
		"errno 99 with all of them taken": {func() Measured {
			m := failing()
			m.Usable = &usable
			return m
		}, law.Reproduced, nil},
		"bind() to an address that is not there": {func() Measured {
			m := holding()
			m.Proxy.Counters = map[string]int64{}
			m.Totals.OK, m.Totals.Failed = 0, m.Totals.OK
			m.Totals.Causes = map[string]int64{"status 5xx": m.Totals.Failed}
			m.Totals.Errors = results.Errors{Other: m.Totals.Failed}
			m.Log = Logged{ByText: map[string]int64{
				"[crit] bind(10.0.0.5) failed (99: Cannot assign requested address) while connecting to upstream": 400,
			}}
			return m
		}, law.NotReproduced, []string{"400 × status 5xx", "bind(10.0.0.5)", "source address the host does not have"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := Judge(c.m())
			if v.Verdict != c.verdict {
				t.Errorf("%s (%s), want %s", v.Verdict, v.Why, c.verdict)
			}
			for _, s := range c.says {
				if !strings.Contains(v.Why, s) {
					t.Errorf("%q does not say %q", v.Why, s)
				}
			}
		})
	}
}

// TestHiddenFromClients: an error_page answers each request, and nginx's log has
// the errors all the same.
func TestHiddenFromClients(t *testing.T) {
	m := measured(setup(500, 1, 200, 10), 7.5, nil)
	m.Plan.OwnConfig = "nginx.conf"
	m.Totals.OK, m.Totals.Failed = m.Totals.Sent, 0
	m.Totals.Errors, m.Totals.Causes, m.Totals.FirstError = results.Errors{}, map[string]int64{}, nil
	for _, s := range m.Samples {
		switch {
		case s.Net != nil && s.T > 2.5:
			s.Net.Log = &results.Errors{Error99: int64(math.Round(200 * (s.T - 2.53)))}
		case s.Load != nil:
			s.Load.OK, s.Load.Failed = s.Load.Sent, 0
		}
	}
	v := Judge(m)
	if v.Verdict != law.Reproduced || v.FirstError == nil || math.Abs(*v.FirstError-2.53) > 0.01 {
		t.Errorf("%s, first error 99 %v (%s)", v.Verdict, v.FirstError, v.Why)
	}
	if !strings.Contains(v.Why, "clients saw none of it") {
		t.Errorf("%q does not say that clients saw none", v.Why)
	}

	// The log is read every 100 ms. What it leaves open makes nothing later than the baseline.
	for baseline, want := range map[float64]string{2.44: law.Reproduced, 2.40: law.Postponed} {
		m.Baseline = &baseline
		if v := Judge(m); v.Verdict != want {
			t.Errorf("with a baseline of %.2f s: %s (%s), want %s", baseline, v.Verdict, v.Why, want)
		}
	}
}

// TestAKindWithoutLines: its replies say why they failed, whoever wrote its configuration.
func TestAKindWithoutLines(t *testing.T) {
	laws := setup(500, 1, 200, 10)
	laws.OwnConfig, laws.Conduct = true, &law.Conduct{CloseShare: 1, Tries: 1}
	m := measured(laws, 7.5, nil)
	m.Plan.Setup, m.Proxy.Log = &laws, new(results.Errors)
	if v := Judge(m); v.Verdict != law.Reproduced || v.Errors.Error99 != m.Totals.Errors.Error99 {
		t.Errorf("%s (%s), %+v", v.Verdict, v.Why, v.Errors)
	}
}

// Of an odd number of ports the kernel may leave one: of seven, six are all.
func TestTheLastPortOfFewMayStayFree(t *testing.T) {
	for peak, free := range map[int64]bool{6: false, 5: true} {
		m, usable := Measured{}, int64(7)
		m.Usable = &usable
		if why := m.withoutPorts(&results.Variant{Ports: results.Ports{PeakUsed: &peak}}); (why != "") != free {
			t.Errorf("%d of 7 ports in use: %q", peak, why)
		}
	}
}
