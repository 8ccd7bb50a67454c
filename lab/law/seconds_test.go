package law

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// onSecondsClock plays even requests on a kernel whose tcp_tw_reuse counts whole
// seconds: at each tick of its clock's second all tuples are free again. The load
// begins that phase after a tick. It returns when the first request fails (never:
// +Inf) and the successes before it, and those of each second of the load.
func onSecondsClock(tuples int, rate, phase float64, seconds int) (first float64, before int, ok []int) {
	first, ok = math.Inf(1), make([]int, seconds)
	taken, second := 0, 0.0
	for n := 0; ; n++ {
		at := float64(n) / rate
		if at >= float64(seconds) {
			return first, before, ok
		}
		if now := math.Floor(phase + at); now > second {
			taken, second = 0, now
		}
		switch {
		case taken < tuples:
			taken++
			ok[int(at)]++
			if math.IsInf(first, 1) {
				before++
			}
		case math.IsInf(first, 1):
			first = at
		}
	}
}

func secondsSetup(ports int, rate float64) Setup {
	return Setup{
		Ports:             ports,
		RatePerS:          rate,
		CloseShare:        1,
		TwReuse:           1,
		ReuseWholeSeconds: true,
		Duration:          time.Minute,
	}.Complete()
}

// TestWholeSecondsAreAnInterval: whenever the load begins within a second of the
// clock, the first error 99 and the successes before it lie in the interval, and both
// ends are reached.
func TestWholeSecondsAreAnInterval(t *testing.T) {
	for _, c := range []struct {
		ports int
		rate  float64
	}{{120, 160}, {300, 400}, {100, 101}, {500, 5000}, {1, 3}, {1000, 1999}} {
		t.Run(fmt.Sprintf("%d ports, %g a second", c.ports, c.rate), func(t *testing.T) {
			p := Predict(secondsSetup(c.ports, c.rate))
			if p.FirstError99S == nil || p.FirstError99LatestS == nil || p.OKBeforeError99Most == nil {
				t.Fatalf("no interval: %+v", p)
			}
			request := 1 / c.rate
			soonest, latest, fewest, most := math.Inf(1), 0.0, math.MaxInt, 0
			for i := range 2000 {
				const load = 5
				first, ok, each := onSecondsClock(c.ports, c.rate, float64(i)/2000, load)
				if first < *p.FirstError99S-1e-9 || first > *p.FirstError99LatestS+request {
					t.Fatalf("begun at %g of a second: error 99 after %g s, want %g to %g s", float64(i)/2000, first,
						*p.FirstError99S, *p.FirstError99LatestS)
				}
				soonest, latest = min(soonest, first), max(latest, first)
				fewest, most = min(fewest, ok), max(most, ok)
				all := 0
				for _, n := range each {
					all += n
				}
				least, bound := p.OKIn(c.rate, load), *p.OKInMost(c.rate, load)
				if float64(all) < least-2 || float64(all) > bound+2 {
					t.Fatalf("%d successes in %d s, want %g to %g", all, load, least, bound)
				}
			}
			if soonest > *p.FirstError99S+request || latest < *p.FirstError99LatestS-2*request {
				t.Errorf("error 99 after %g to %g s, and the ends are %g and %g s",
					soonest, latest, *p.FirstError99S, *p.FirstError99LatestS)
			}
			if fewest != *p.OKBeforeError99 || most > *p.OKBeforeError99Most || most < *p.OKBeforeError99Most-2 {
				t.Errorf("%d to %d successes before it, and the ends are %d and %d",
					fewest, most, *p.OKBeforeError99, *p.OKBeforeError99Most)
			}
		})
	}
}

// TestWholeSecondsMatchMeasuredRuns: a closed loop on 100 ports had 200, 100, 100 and
// 100 successes in successive seconds on Linux 5.10, 6.1 and 6.12. On 6.18 it has 100
// in each.
func TestWholeSecondsMatchMeasuredRuns(t *testing.T) {
	const asFastAsItGoes = 20_000
	for _, phase := range []float64{0.05, 0.3, 0.5, 0.95} {
		if _, _, ok := onSecondsClock(100, asFastAsItGoes, phase, 4); fmt.Sprint(ok) != "[200 100 100 100]" {
			t.Errorf("begun at %g of a second: %v a second, measured 200, 100, 100, 100", phase, ok)
		}
	}
	p := Predict(secondsSetup(100, asFastAsItGoes))
	if least, most := p.OKIn(asFastAsItGoes, 4), *p.OKInMost(asFastAsItGoes, 4); least != 400 || most != 500 {
		t.Errorf("%g to %g successes in 4 s, want 400 to 500", least, most)
	}
}

// TestWholeSecondsHaveNoIntervalElsewhere: where nothing fails, where the delay is
// another, where reuse has no effect, and where no TIME_WAIT is needed.
func TestWholeSecondsHaveNoIntervalElsewhere(t *testing.T) {
	for name, change := range map[string]func(*Setup){
		"a kernel of milliseconds": func(s *Setup) { s.ReuseWholeSeconds = false },
		"another delay":            func(s *Setup) { s.ReuseDelay = 500 * time.Millisecond; s.RatePerS = 300 },
		"no reuse":                 func(s *Setup) { s.TwReuse = 0 },
		"not on loopback":          func(s *Setup) { s.TwReuse = 2 },
		"no timestamps":            func(s *Setup) { s.NoTimestamps = true },
		"below the ceiling":        func(s *Setup) { s.RatePerS = 119 },
		"requests under way":       func(s *Setup) { s.InFlight = 130 },
		"a backend that is late":   func(s *Setup) { s.LateClose = time.Second },
	} {
		s := secondsSetup(120, 160)
		change(&s)
		if p := Predict(s); p.FirstError99LatestS != nil || p.OKBeforeError99Most != nil || p.OKInMost(160, 5) != nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	s := secondsSetup(120, 160)
	s.TwReuse, s.Loopback = 2, true
	if Predict(s).FirstError99LatestS == nil {
		t.Error("no interval on loopback, where 2 is enough")
	}
}

// TestWholeSecondsWithRequestsUnderWay: those hold their tuples over the tick.
func TestWholeSecondsWithRequestsUnderWay(t *testing.T) {
	s := secondsSetup(120, 160)
	s.InFlight = 20
	p := Predict(s)
	within(t, "first error 99", p.FirstError99S, 0.75, 1e-9)
	within(t, "at the latest", p.FirstError99LatestS, 0.75+100.0/160, 1e-9)
	if *p.OKBeforeError99 != 100 || *p.OKBeforeError99Most != 200 {
		t.Errorf("%d to %d successes, want 100 to 200", *p.OKBeforeError99, *p.OKBeforeError99Most)
	}
	s = secondsSetup(1000, 1600)
	s.Burst = 40 * time.Millisecond // 64 at once
	p = Predict(s)
	within(t, "first error 99 of bursts", p.FirstError99S, 0.6, 1e-9)
	within(t, "at the latest", p.FirstError99LatestS, 1.2, 1e-9)
	if *p.OKBeforeError99 != 1000 || *p.OKBeforeError99Most != 1960 {
		t.Errorf("%d to %d successes, want 1000 to 1960", *p.OKBeforeError99, *p.OKBeforeError99Most)
	}
}

// TestWholeSecondsAreJudged: a run on Linux 6.12 with 120 ports at 160 a second had
// its first error 99 after 1.402 s, with 172 successes. It is as the law says of that
// kernel, and not as it says of others.
func TestWholeSecondsAreJudged(t *testing.T) {
	run := func(s Setup, first, ok float64) Run {
		figures := map[string]float64{"first_error_99_s": first, "ok_before_error_99": ok}
		return Run{Setup: s, Predicted: Predict(s), Restated: Predict(s), EndS: 2.4, Measured: func(figure string) *float64 {
			if x, ok := figures[figure]; ok {
				return &x
			}
			return nil
		}}
	}
	s := secondsSetup(120, 160)
	r := run(s, 1.402, 172)
	if c := FirstError99.Check(r); c == nil || !c.OK || c.Text != "predicted 0.750 to 1.500 s, measured 1.402 s" {
		t.Errorf("%+v", c)
	}
	for _, l := range []*Law{&FirstError99, &OKBefore} {
		if c := l.Compare(r); c == nil || c.Most == nil || *c.Off() != 0 {
			t.Errorf("%s: %+v", l.ID, c)
		}
	}
	s.ReuseWholeSeconds = false
	r = run(s, 1.402, 172)
	if c := FirstError99.Check(r); c == nil || c.OK {
		t.Errorf("as expected of a kernel of milliseconds: %+v", c)
	}
	for _, l := range []*Law{&FirstError99, &OKBefore} {
		if c := l.Compare(r); c == nil || *c.Off() <= c.Tolerance {
			t.Errorf("%s: within the tolerance of a kernel of milliseconds: %+v", l.ID, c)
		}
	}
	s.ReuseWholeSeconds = true
	for _, first := range []float64{0.71, 1.54} {
		if c := FirstError99.Check(run(s, first, 172)); c.OK {
			t.Errorf("as expected: %+v", c)
		}
	}
	short := run(s, 0, 0)
	short.EndS, short.Measured = 1.2, func(string) *float64 { return nil }
	if c := FirstError99.Compare(short); c.Predicted != nil {
		t.Errorf("due after %g s of a load of 1.2 s", *c.Predicted)
	}
	s.Duration = 1200 * time.Millisecond
	if p := Predict(s); p.Verdict != Inconclusive {
		t.Errorf("a load that may end before the tick is %s", p.Verdict)
	}
}

// TestSpansReadAsOne: the unit once.
func TestSpansReadAsOne(t *testing.T) {
	from, to := 0.75, 1.5
	if got := FirstError99.WriteSpan(&from, &to); got != "0.75 to 1.50 s" {
		t.Error(got)
	}
	from, to = 120, 240
	if got := OKBefore.WriteSpan(&from, &to); got != "120 to 240" {
		t.Error(got)
	}
	if got := FirstError99.WriteSpan(&from, nil); got != "120.00 s" {
		t.Error(got)
	}
	if got := FirstError99.WriteSpan(nil, nil); got != "none" {
		t.Error(got)
	}
}

// TestAMeasuredShareKeepsTheInterval: what f makes later, it makes later at both ends.
func TestAMeasuredShareKeepsTheInterval(t *testing.T) {
	s := secondsSetup(120, 400)
	p := Predict(s).WithShare(0.5, 0, 60)
	within(t, "first error 99", p.FirstError99S, 0.6, 1e-9)
	within(t, "at the latest", p.FirstError99LatestS, 1.2, 1e-9)
	if *p.OKBeforeError99 != 240 || *p.OKBeforeError99Most != 480 {
		t.Errorf("%d to %d successes, want 240 to 480", *p.OKBeforeError99, *p.OKBeforeError99Most)
	}
	if p := Predict(s).WithShare(0.2, 0, 60); p.FirstError99LatestS != nil || p.OKBeforeError99Most != nil {
		t.Errorf("an end of an interval that there is not: %+v", p)
	}
}
