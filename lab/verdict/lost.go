package verdict

import (
	"fmt"
	"math"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// lostShare is the share of random arrivals that fail, by Erlang's B formula and
// as measured once the table has filled: after one hold time, of which at least
// two more must follow.
//
// The blocked come in clumps, since a full table stays full for a while: their
// share varies up to 2.5 times as much as if each were drawn alone (simulated, K
// of 100, at 0.9, 1 and 1.5 Erlang per tuple). Four of those deviations cover all
// but some runs in ten thousand.
type lostShare struct {
	want, got, within float64
	of                float64 // requests
}

// share is nil where arrivals were not random, or too few of them counted.
func (m *Measured) share() *lostShare {
	p := m.Plan.Predicted
	end := m.Totals.LoadSeconds()
	if !m.Plan.Random || m.own() || p.Tuples == 0 || end < 3*p.HoldS {
		return nil
	}
	var ok, failed int64
	for _, s := range m.load() {
		if s.T-s.Load.IntervalS >= p.HoldS && s.T <= end {
			ok, failed = ok+s.Load.OK, failed+s.Load.Failed
		}
	}
	n := float64(ok + failed)
	if n == 0 {
		return nil
	}
	want := law.ErlangB(p.Tuples, m.erlang())
	return &lostShare{want: want, got: float64(failed) / n, within: max(0.005, 4*2.5*math.Sqrt(want*(1-want)/n)), of: n}
}

// erlang is the offered load: the tuples that TIME_WAIT and requests under way would
// hold on average if there were no end of them.
func (m *Measured) erlang() float64 {
	return m.Plan.Predicted.Rho*float64(m.Plan.Predicted.Tuples) + m.Plan.RatePerS*m.Plan.DelayS
}

// lost holds one against the other.
func lost(m *Measured, v *results.Variant) results.Check {
	s, p := m.share(), m.Plan.Predicted
	if s == nil {
		return results.Check{}
	}
	good := math.Abs(s.got-s.want) <= s.within
	return results.Check{
		Name: "share lost", OK: &good, Law: fmt.Sprintf("Erlang B with K servers and f·R·T Erlang, ± %.1f points: four standard errors of a share that comes in clumps", 100*s.within),
		Predicted: &s.want, Measured: &s.got,
		Text: fmt.Sprintf("%.1f Erlang on %d tuples: predicted %.2f %%, measured %.2f %% of %.0f requests", m.erlang(), p.Tuples, 100*s.want, 100*s.got, s.of),
	}
}
