package main

import (
	"fmt"
	"math"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

func ports(p results.VariantPlan) int64 { return int64(p.PortHigh - p.PortLow + 1) }

// runsOut: K = n·P successes, +0..2, then error 99 at K/R. timeWait is the share
// of K that stands in TIME_WAIT on the proxy; 0 leaves it open.
func runsOut(n int64, timeWait float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		k := n * ports(p)
		want := float64(k) / p.RatePerS
		if v.FirstError == nil {
			t.Errorf("%s: no error 99", v.Name)
			return
		}
		if d := *v.FirstError - want; math.Abs(d) > law.Tolerance(want) {
			t.Errorf("%s: first error 99 after %.3f s, want %.3f s within %.0f ms", v.Name, *v.FirstError, want, 1000*law.Tolerance(want))
		}
		if timeWait == 0 {
			return // ports come back: what succeeds later is another law's
		}
		if *v.OK < k || *v.OK > k+2 {
			t.Errorf("%s: %d succeeded, want %d (+0..2)", v.Name, *v.OK, k)
		}
		if got, want := *v.TimeWait.ProxyPeak, int64(timeWait*float64(k)); got != want {
			t.Errorf("%s: %d TIME_WAIT on the proxy at most, want %d", v.Name, got, want)
		}
		if *v.CloseShare < 0.98 {
			t.Errorf("%s: nginx closed %.1f %% of the connections first, want all", v.Name, 100**v.CloseShare)
		}
	}
}

// early: as runsOut, but of S sources drawn at random one is full before the
// others. After the S·P requests of a destination each has had P of them with a
// deviation of sqrt(P·(1-1/S)): three of those are allowed.
func early(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		k := n * ports(p)
		want := float64(k) / p.RatePerS
		share := 3 * math.Sqrt((1-1/float64(p.Sources))/float64(ports(p)))
		if v.FirstError == nil || *v.FirstError > want+law.Tolerance(want) || *v.FirstError < (1-share)*want-law.Tolerance(want) {
			t.Errorf("%s: first error 99 after %s, want %.3f s or up to %.0f %% less", v.Name, orNone(v.FirstError), want, 100*share)
		}
	}
}

// recovers: as runsOut, and the ports come back 60 to 62 s after they were taken.
func recovers(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	runsOut(1, 0)(t, p, v)
	if v.RecoveredS == nil || *v.RecoveredS < 59 || *v.RecoveredS > 64 {
		t.Errorf("%s: the first success after the failures came after %s, want 60 to 62 s, and what sampling adds", v.Name, orNone(v.RecoveredS))
	}
}

// collapses: the rate falls when half the range is used, at P/2R within 5 %.
func collapses(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	want := float64(*v.Ports.Usable) / (2 * p.RatePerS)
	if v.CollapseS == nil || math.Abs(*v.CollapseS/want-1) > 0.05 {
		t.Errorf("%s: the rate fell after %s, want %.2f s within 5 %%", v.Name, orNone(v.CollapseS), want)
	}
}

// loses: of random arrivals at R Erlang (T is 1 s) P tuples refuse the share that
// Erlang's B formula gives, once the first second has filled them. It comes in
// clumps, so that its deviation is up to 2.5 times that of single draws; four of
// those are allowed.
func loses(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	want := 1.0
	for n := range ports(p) {
		want = p.RatePerS * want / (float64(n+1) + p.RatePerS*want)
	}
	n := float64(*v.Sent) - p.RatePerS
	within := 4 * 2.5 * math.Sqrt(want*(1-want)/n)
	if got := float64(*v.Failed) / n; math.Abs(got-want) > within {
		t.Errorf("%s: %.2f %% of the requests failed, want %.2f %% within %.2f", v.Name, 100*got, 100*want, 100*within)
	}
}

// churns: against bursts of 64 a pool of k saves k connections of each, so that
// 1 − k/64 of the requests open one, within 0.05, until the ports are used up.
func churns(k float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		if v.OKBefore == nil || *v.NewConns != ports(p) {
			t.Errorf("%s: %d connections, want all %d ports used up", v.Name, *v.NewConns, ports(p))
			return
		}
		if got, want := float64(*v.NewConns)/float64(*v.OKBefore), 1-k/64; math.Abs(got-want) > 0.05 {
			t.Errorf("%s: %.3f connections per request, want %.3f within 0.05", v.Name, got, want)
		}
	}
}

// failsOtherwise: no error 99, but something else, and only so.
func failsOtherwise(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	if v.FirstError != nil || v.Errors.Other == 0 {
		t.Errorf("%s: first error 99 after %s, %d other failures, want none and some", v.Name, orNone(v.FirstError), v.Errors.Other)
	}
}

// waits: no error 99, and the slowest wait for seconds.
func waits(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	if v.FirstError != nil || v.Latency.P99 < 3000 {
		t.Errorf("%s: first error 99 after %s, p99 %.0f ms, want none and over 3000", v.Name, orNone(v.FirstError), v.Latency.P99)
	}
}

// noTimeWait: no request fails, each opens a connection, and none leaves a
// TIME_WAIT.
func noTimeWait(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	opensAll(t, p, v)
	if n := *v.TimeWait.ProxyPeak; n != 0 {
		t.Errorf("%s: %d TIME_WAIT on the proxy, want none", v.Name, n)
	}
}

// hides: no request fails, since the kernel keeps no more than 150 TIME_WAITs.
// The limit is of the whole namespace, in which one of them may be the lab's own.
func hides(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	if n := *v.TimeWait.ProxyPeak; *v.Failed != 0 || n > 150 || n < 149 {
		t.Errorf("%s: %d failed, %d TIME_WAIT on the proxy at most, want none and 149 or 150", v.Name, *v.Failed, *v.TimeWait.ProxyPeak)
	}
}

// holds: no request fails, and ρ = R·T/P with a hold time of T seconds.
func holds(hold float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		none(t, p, v)
		if got, want := *v.RhoSteady, p.RatePerS*hold/float64(ports(p)); math.Abs(got-want) > 0.1*want {
			t.Errorf("%s: load factor %.3f, want %.3f within 10 %%", v.Name, got, want)
		}
	}
}

// opensAll: no request fails, though each opens a connection.
func opensAll(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, p, v)
	if *v.NewConns != *v.Sent {
		t.Errorf("%s: %d requests opened %d connections, want as many", v.Name, *v.Sent, *v.NewConns)
	}
}

// pools: no request fails, and next to none opens a connection.
func pools(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, p, v)
	if share := float64(*v.NewConns) / float64(*v.Sent); share > 0.05 {
		t.Errorf("%s: %.1f %% of the requests opened a connection, want at most 5 %%", v.Name, 100*share)
	}
}

// portless: no request fails, and nothing is left of any connection.
func portless(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, p, v)
	if n := *v.TimeWait.ProxyPeak; n != 0 {
		t.Errorf("%s: %d TIME_WAIT on the proxy, want none", v.Name, n)
	}
}

// races: as measuredShare, and both ends win some.
func races(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	measuredShare(t, p, v)
	if f := *v.CloseShare; f < 0.005 || f > 0.9 {
		t.Errorf("%s: nginx closed %.1f %% of the connections first, want a race", v.Name, 100*f)
	}
}

// measuredShare: whatever f was, successes times f are the ports, within 5 %.
func measuredShare(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	if v.FirstError == nil {
		t.Errorf("%s: no error 99", v.Name)
		return
	}
	f, k := *v.CloseShare, float64(ports(p))
	if got := float64(*v.OKBefore) * f; math.Abs(got/k-1) > 0.05 {
		t.Errorf("%s: %d successes at f = %.3f are %.0f ports, want %.0f within 5 %%", v.Name, *v.OKBefore, f, got, k)
	}
}

// none: no request fails, and none would later.
func none(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	if *v.Failed != 0 || *v.RhoSteady > 0.9 {
		t.Errorf("%s: %d requests failed at a load factor of %.2f, want none at 0.9 or less", v.Name, *v.Failed, *v.RhoSteady)
	}
}

func orNone(s *float64) string {
	if s == nil {
		return "never"
	}
	return fmt.Sprintf("%.3f s", *s)
}
