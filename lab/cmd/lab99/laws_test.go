package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

func ports(p results.VariantPlan) int64 { return int64(p.PortHigh - p.PortLow + 1) }

// dueAt: error 99 comes after K = n·P requests, at K/R.
func dueAt(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		want := float64(n*ports(p)) / p.RatePerS
		if v.FirstError == nil {
			t.Errorf("%s: no error 99", v.Name)
			return
		}
		if d := *v.FirstError - want; math.Abs(d) > law.Tolerance(want) {
			t.Errorf("%s: first error 99 after %.3f s, want %.3f s within %.0f ms",
				v.Name, *v.FirstError, want, 1000*law.Tolerance(want))
		}
	}
}

// exhausts: as dueAt, and exactly K requests succeed, +0..2, all of whose
// connections nginx closed first.
func exhausts(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		dueAt(n)(t, p, v)
		succeeds(t, p, n*ports(p), v)
		if *v.CloseShare < 0.98 {
			t.Errorf("%s: nginx closed %.1f %% of the connections first, want all", v.Name, 100**v.CloseShare)
		}
	}
}

// succeeds: K requests, +0..2; of an odd range connect() may overlook a port of each
// source towards each destination.
func succeeds(t *testing.T, p results.VariantPlan, k int64, v results.Variant) {
	t.Helper()
	if least := k - overlooked(p, k); *v.OK < least || *v.OK > k+2 {
		t.Errorf("%s: %d succeeded, want %d (+0..2), or %d at the least", v.Name, *v.OK, k, least)
	}
}

func overlooked(p results.VariantPlan, k int64) int64 { return ports(p) % 2 * (k / ports(p)) }

// runsOut: as exhausts, and all K tuples stand in TIME_WAIT on the proxy.
func runsOut(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		exhausts(n)(t, p, v)
		if got, want := *v.TimeWait.ProxyPeak, n*ports(p); got > want || got < want-overlooked(p, want) {
			t.Errorf("%s: %d TIME_WAIT on the proxy at most, want %d", v.Name, got, want)
		}
	}
}

// fillsUp: K requests under way at once are too many, at K/R. None had an answer
// by then; later they succeed as ports come back.
func fillsUp(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	dueAt(1)(t, p, v)
	if p.DelayS*p.RatePerS > float64(ports(p)) && *v.OKBefore != 0 {
		t.Errorf("%s: %d requests had succeeded before, want none: the backend takes longer than that",
			v.Name, *v.OKBefore)
	}
}

// heldUntil: error 99 at K/R though nothing is closed yet, so without any TIME_WAIT, and
// nothing more until the first connections end after so many seconds. Then as many get a
// port as give one back.
func heldUntil(seconds float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		dueAt(1)(t, p, v)
		k := ports(p)
		if *v.OKBefore < k || *v.OKBefore > k+2 || v.Held.Peak < k || float64(v.Held.Peak) > float64(k)+0.1*p.RatePerS {
			t.Errorf("%s: %d were opened before it, and %d alive at once, want %d (+0..2, "+
				"and of those alive what comes in 0.1 s)", v.Name, *v.OKBefore, v.Held.Peak, k)
		}
		// A port comes back a moment after its time, and those that came in that moment are refused.
		want, moment := float64(k)+p.RatePerS*max(0, *v.LoadEndS-seconds), 0.2*p.RatePerS
		if got := float64(*v.OK); got > want+2 || got < want-moment {
			t.Errorf("%s: %.0f were opened in all, want %.0f, or up to %.0f less", v.Name, got, want, moment)
		}
		if n := *v.TimeWait.ProxyPeak; n != 0 {
			t.Errorf("%s: %d TIME_WAIT on the proxy, want none", v.Name, n)
		}
		unbroken(t, v)
	}
}

// holdsAll: none is refused, and R·H are alive at once, without any TIME_WAIT.
func holdsAll(seconds float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		noTimeWait(t, p, v)
		want := p.RatePerS * seconds
		if got := float64(v.Held.Peak); math.Abs(got-want) > max(3, 0.02*want, 0.1*p.RatePerS) {
			t.Errorf("%s: %.0f were alive at once, want %.0f within 2 %%, or what comes in 0.1 s", v.Name, got, want)
		}
		unbroken(t, v)
	}
}

func unbroken(t *testing.T, v results.Variant) {
	t.Helper()
	if h := v.Held; h.Broken+h.Overdue+h.Cut != 0 || h.InTime != *v.OK {
		t.Errorf("%s: %+v, want all %d to end in time", v.Name, *h, *v.OK)
	}
}

// perSecond: K tuples, each again after a second: error 99 at K/R, and about K
// successes a second from then on.
func perSecond(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	dueAt(1)(t, p, v)
	k := float64(ports(p))
	if got, want := float64(*v.OK), k**v.LoadEndS; got < 0.85*want || got > want+k {
		t.Errorf("%s: %.0f succeeded in %.2f s, want %.0f a second", v.Name, got, *v.LoadEndS, k)
	}
}

// ejects: as exhausts, of n peers. One request tries them all, a line of error
// 99 each; they are out for over 10 s, and whatever else fails is "no live
// upstreams": by two and a half hundred times, where so many fail.
func ejects(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		exhausts(n)(t, p, v)
		if v.NginxLog.Error99 != n || v.Errors.Error99 != 1 || v.Errors.NoLiveUpstreams != *v.Failed-1 {
			t.Errorf("%s: %d lines of error 99, %d requests failed by it, and %d of %d by \"no live upstreams\"; "+
				"want %d, 1, and all the others",
				v.Name, v.NginxLog.Error99, v.Errors.Error99, v.Errors.NoLiveUpstreams, *v.Failed, n)
		}
		if after := *p.StopAfterS * p.RatePerS / float64(n); after > 260 && v.Errors.NoLiveUpstreams < 250*n {
			t.Errorf("%s: %d \"no live upstreams\" to %d lines of error 99, want 250 times as many",
				v.Name, v.Errors.NoLiveUpstreams, n)
		}
	}
}

// amplifies: as exhausts, of n peers, with so many lines of error 99 for every
// request that fails.
func amplifies(n, lines int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		exhausts(n)(t, p, v)
		if v.NginxLog.Error99 != lines*v.Errors.Error99 || v.Errors.Error99 != *v.Failed {
			t.Errorf("%s: %d lines of error 99 for %d failures, want %d each",
				v.Name, v.NginxLog.Error99, *v.Failed, lines)
		}
	}
}

// comesBack: error 99 at P/R, and a success within a second of it: the ports are back
// 1.2 s after they were taken, and every request is tried.
func comesBack(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	dueAt(1)(t, p, v)
	if v.BlackoutS == nil || *v.BlackoutS >= 1 || v.Errors.NoLiveUpstreams > 0 {
		t.Errorf("%s: no success for %s after the first failure, and %d requests not tried; "+
			"want less than 1 s, and none",
			v.Name, orNone(v.BlackoutS), v.Errors.NoLiveUpstreams)
	}
}

// darkens: error 99 at P/R, and then nothing for retry= seconds, time and again: in
// each round P succeed, and one connect() fails.
func darkens(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	dueAt(1)(t, p, v)
	retry := 5.0
	if p.Settings["proxy.policy"] == "error-state" {
		retry = 60
	}
	if v.BlackoutS == nil || math.Abs(*v.BlackoutS-retry) > 0.3 {
		t.Errorf("%s: no success for %s after the first failure, want %.0f s within 0.3 s",
			v.Name, orNone(v.BlackoutS), retry)
	}
	fills := float64(ports(p)) / p.RatePerS
	rounds := math.Floor(*v.LoadEndS / (fills + retry))
	rest := min(1, (*v.LoadEndS-rounds*(fills+retry))/fills)
	if want := (rounds + rest) * float64(ports(p)); math.Abs(float64(*v.OK)-want) > 0.05*want {
		t.Errorf("%s: %d succeeded, want %.0f: %d in each of %.0f rounds", v.Name, *v.OK, want, ports(p), rounds+rest)
	}
	if n := float64(v.NginxLog.Error99); n > rounds+1 {
		t.Errorf("%s: %.0f lines of error 99, want one in each of %.0f rounds", v.Name, n, rounds+1)
	}
}

// early: n·P tuples, of which exactly so many requests succeed. But of S sources
// drawn at random one is full before the others: after the S·P requests of a
// destination each has had P of them with a deviation of sqrt(P·(1-1/S)), and
// three of those are allowed, 6 % of P = 1,700.
func early(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		k := n * ports(p)
		want := float64(k) / p.RatePerS
		share := 3 * math.Sqrt((1-1/float64(p.Sources))/float64(ports(p)))
		if v.FirstError == nil || *v.FirstError > want+law.Tolerance(want) ||
			*v.FirstError < (1-share)*want-law.Tolerance(want) {
			t.Errorf("%s: first error 99 after %s, want %.3f s or up to %.1f %% less",
				v.Name, orNone(v.FirstError), want, 100*share)
		}
		succeeds(t, p, k, v)
		if got := *v.TimeWait.ProxyPeak; got > k || got < k-overlooked(p, k) {
			t.Errorf("%s: %d TIME_WAIT on the proxy at most, want %d", v.Name, got, k)
		}
	}
}

// recovers: error 99 at P/R; the ports come back 60 to 62.05 s after they were
// taken, give or take two samples of 0.1 s. As many requests succeed as bursts of
// P fit in; where the load has dropped to a rate that the ports sustain, none
// fails from then on, for failed attempts prolong nothing.
func recovers(drops bool) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		dueAt(1)(t, p, v)
		if v.RecoveredS == nil || *v.RecoveredS < 60-0.2 || *v.RecoveredS > 62.05+0.2 {
			t.Errorf("%s: the first success after the failures came after %s, want 60 to 62.05 s",
				v.Name, orNone(v.RecoveredS))
			return
		}
		k, r := float64(ports(p)), p.RatePerS
		if drops {
			until := p.DurationS - 60 // the load is R, and then R/50
			want := (until-k/r)*r + (*v.RecoveredS-until)*r/50
			if got := float64(*v.Failed); math.Abs(got-want) > 0.02*want {
				t.Errorf("%s: %.0f failed, want %.0f: until the ports came back, and none after", v.Name, got, want)
			}
			return
		}
		bursts := 1.0
		for at := *v.RecoveredS; at < *v.LoadEndS; at += *v.RecoveredS {
			bursts += min(1, (*v.LoadEndS-at)/(k/r+2.05)) // bursts widen by a step of the timer wheel each
		}
		if got := float64(*v.OK); got < math.Floor(bursts)*k || got > math.Ceil(bursts)*k+2*bursts {
			t.Errorf("%s: %.0f succeeded, want %.0f for each of %.2f bursts", v.Name, got, k, bursts)
		}
	}
}

// drops: the kernel keeps no more than n TIME_WAITs, and counts those it drops:
// all closed beyond n. Nothing fails. The limit is of the whole namespace, in
// which one of them may be the lab's own.
func drops(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		none(t, p, v)
		if got := *v.TimeWait.ProxyPeak; got > n || got < n-1 {
			t.Errorf("%s: %d TIME_WAIT on the proxy at most, want %d or one less", v.Name, got, n)
		}
		want := float64(*v.NewConns - n)
		if got := claimed(t, v, "tw_overflow"); math.Abs(got-want) > 2 {
			t.Errorf("%s: the kernel counts %.0f dropped, want %.0f", v.Name, got, want)
		}
	}
}

// claimed is the measured figure of a claim.
func claimed(t *testing.T, v results.Variant, figure string) float64 {
	t.Helper()
	for _, c := range v.Checks {
		if c.Name == "claim" && strings.HasPrefix(c.Law, figure+" ") && c.Measured != nil {
			return *c.Measured
		}
	}
	t.Errorf("%s: %s was not measured", v.Name, figure)
	return 0
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

// churns: of each burst of b but the first, a pool of k saves k connections, so
// that P ports last as many bursts as (P − b)/(b − k), and some, and no fewer.
func churns(b, k float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		want := (math.Floor((float64(ports(p))-b)/(b-k)) + 1) * p.BurstS
		if v.FirstError == nil || *v.FirstError < want-law.Tolerance(want) || *v.FirstError > 1.3*want {
			t.Errorf("%s: first error 99 after %s, want %.3f s, "+
				"or up to 30 %% later where requests do not all end at once",
				v.Name, orNone(v.FirstError), want)
		}
		if n := *v.NewConns; n > ports(p) || n < ports(p)-overlooked(p, ports(p)) {
			t.Errorf("%s: %d connections, want all %d ports used up", v.Name, *v.NewConns, ports(p))
		}
	}
}

// failsOtherwise: no error 99, but something else, and only so.
func failsOtherwise(t *testing.T, _ results.VariantPlan, v results.Variant) {
	t.Helper()
	if v.FirstError != nil || v.Errors.Other == 0 {
		t.Errorf("%s: first error 99 after %s, %d other failures, want none and some",
			v.Name, orNone(v.FirstError), v.Errors.Other)
	}
}

// refused: n ports that nginx names itself serve n requests, and bind() refuses all others.
func refused(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		failsOtherwise(t, p, v)
		if *v.OK != n || v.Errors.Other != *v.Failed {
			t.Errorf("%s: %d succeeded, and %d of %d failures were no error 99; want %d, and all",
				v.Name, *v.OK, v.Errors.Other, *v.Failed, n)
		}
	}
}

// waits: no error 99, and the slowest wait for Apache's KeepAliveTimeout of 5 s.
func waits(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	if least, most := 5000.0, 1050*p.TimeoutS; v.FirstError != nil || v.Latency.P99 < 0.98*least || v.Latency.P99 > most {
		t.Errorf("%s: first error 99 after %s, p99 %.0f ms, want none, and over the %.0f after which an idle "+
			"connection frees its process", v.Name, orNone(v.FirstError), v.Latency.P99, least)
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

// tries: as runsOut, and each failed request made so many connect() calls, by the kernel's
// count, and left so many lines.
func tries(n, lines int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		runsOut(1)(t, p, v)
		failed := v.Errors.Error99
		if c := v.Connect99; c != nil && *c != n*failed { // nil: nobody may count
			t.Errorf("%s: %d connect() failed for %d requests, want %d each", v.Name, *c, failed, n)
		}
		if got := v.NginxLog.Error99; got != lines*failed {
			t.Errorf("%s: %d lines of error 99 for %d requests, want %d each", v.Name, got, failed, lines)
		}
	}
}

// darkFor: error 99 at K/R, after which nothing succeeds for so many seconds though ports are
// back after one. In each round one connect() fails, with a line; of the rest none is tried.
func darkFor(seconds float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		dueAt(1)(t, p, v)
		fills := float64(ports(p)) / p.RatePerS
		rounds := int64(math.Ceil((*v.LoadEndS - fills) / (fills + seconds)))
		if want := ports(p) * rounds; *v.OK < want || *v.OK > want+2*rounds {
			t.Errorf("%s: %d succeeded, want %d in each of %d rounds (+0..2)", v.Name, *v.OK, ports(p), rounds)
		}
		if v.BlackoutS == nil || math.Abs(*v.BlackoutS-seconds) > 0.3 {
			t.Errorf("%s: dark for %s, want %g s within 0.3", v.Name, orNone(v.BlackoutS), seconds)
		}
		if c := v.Connect99; c != nil && *c != rounds { // nil: nobody may count
			t.Errorf("%s: %d connect() failed, want one in each of %d rounds", v.Name, *c, rounds)
		}
		if e := v.Errors; v.NginxLog.Error99 != rounds || e.Error99 != rounds || e.NoLiveUpstreams != *v.Failed-rounds {
			t.Errorf("%s: %d lines of error 99, %d requests failed by it, and %d of %d untried; "+
				"want %d, as many, and all the others",
				v.Name, v.NginxLog.Error99, e.Error99, e.NoLiveUpstreams, *v.Failed, rounds)
		}
	}
}

// lessSpent: as exhausts, of K less n tuples that the proxy holds before the load begins, and
// each failed request made one connect().
func lessSpent(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		short := p
		short.PortHigh -= int(n)
		dueAt(1)(t, short, v)
		succeeds(t, short, ports(short), v)
		if c := v.Connect99; c != nil && *c != v.Errors.Error99 && v.Errors.NoLiveUpstreams == 0 {
			t.Errorf("%s: %d connect() failed for %d requests, want one each", v.Name, *c, v.Errors.Error99)
		}
	}
}

// givesUp: as lessSpent, and after n failures no request is tried.
func givesUp(n, spent int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		lessSpent(spent)(t, p, v)
		if e := v.Errors; e.Error99 != n || e.NoLiveUpstreams != *v.Failed-n {
			t.Errorf("%s: %d requests failed by error 99 and %d of %d untried, want %d and all the others",
				v.Name, e.Error99, e.NoLiveUpstreams, *v.Failed, n)
		}
	}
}

// ownPorts: every request opens a connection, from one of so many ports, which its own
// TIME_WAIT does not block.
func ownPorts(n int64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		opensAll(t, p, v)
		if got := *v.TimeWait.ProxyPeak; got == 0 || got > n {
			t.Errorf("%s: %d TIME_WAIT on the proxy, want 1 to %d", v.Name, got, n)
		}
	}
}

// noConnection: no request fails, and none leaves anything behind: there is no
// TCP connection to a socket.
func noConnection(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, p, v)
	if n := *v.NewConns + *v.TimeWait.ProxyPeak; n != 0 {
		t.Errorf("%s: %d connections, %d TIME_WAIT on the proxy, want none", v.Name, *v.NewConns, *v.TimeWait.ProxyPeak)
	}
}

// heldFor: as holds, though each request opens a connection.
func heldFor(seconds float64) lesson {
	return func(t *testing.T, p results.VariantPlan, v results.Variant) {
		t.Helper()
		opensAll(t, p, v)
		holds(seconds)(t, p, v)
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

// pools: no request fails; connections are opened for as many as are under way
// at once, no more than the pool keeps, and when one has served 601 requests.
func pools(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, p, v)
	keeps := max(int64(p.Keepalive), 32) // the default of a release that pools by itself
	if most := keeps + *v.Sent/601 + 1; *v.NewConns > most {
		t.Errorf("%s: %d requests opened %d connections, want at most %d", v.Name, *v.Sent, *v.NewConns, most)
	}
}

// keepsAll: bursts of 64 share 64 connections, opened with the first of them and
// when one has served 601 requests.
func keepsAll(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	none(t, p, v)
	if n := *v.NewConns; n < 64 || n > 64+*v.Sent/601+1 {
		t.Errorf("%s: %d connections, want 64 and one for 601 requests", v.Name, n)
	}
}

// races: as measuredShare, and both ends win some.
func races(t *testing.T, p results.VariantPlan, v results.Variant) {
	t.Helper()
	measuredShare(t, p, v)
	if f := *v.CloseShare; f < 0.002 || f > 0.9 {
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
		t.Errorf("%s: %d requests failed at a load factor of %.2f, want none at 0.9 or less",
			v.Name, *v.Failed, *v.RhoSteady)
	}
}

func orNone(s *float64) string {
	if s == nil {
		return "never"
	}
	return fmt.Sprintf("%.3f s", *s)
}
