package loadgen

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// tryUpTo is a target that keeps 10 ms up to a capacity, and a generator that
// manages up to another.
func tryUpTo(target, generator float64) func(context.Context, float64) (*Result, error) {
	return func(_ context.Context, rate float64) (*Result, error) {
		r := &Result{
			Record:    Record{Counts: Counts{Scheduled: 100, Sent: 100, OK: 100}, EndedInTime: 100, Bottleneck: LimitNone},
			LatencyOK: newHistogram(),
			Service:   newHistogram(),
			Lateness:  newHistogram(),
		}
		latency := 10 * time.Millisecond
		if rate > target {
			latency = time.Second
		}
		if rate > generator {
			r.Bottleneck, r.Why = LimitGenerator, "too slow"
		}
		record(r.LatencyOK, int64(latency))
		return r, nil
	}
}

func TestSearchNarrowsInOnTheCapacity(t *testing.T) {
	slo, err := ParseSLO("p99<20ms,errors<0.1%")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name                  string
		target, generator, to float64
		limit                 string
		low, high             float64
	}{
		{"target", 7777, math.Inf(1), MaxRate, LimitTarget, 7777 / 1.05, 7777},
		{"target below the first rate", 33, math.Inf(1), MaxRate, LimitTarget, 33 / 1.05, 33},
		{"target that keeps nothing", 0, math.Inf(1), MaxRate, LimitTarget, 0, 0},
		{"generator", 1e5, 5000, MaxRate, LimitGenerator, 3200, 3200},
		{"neither", math.Inf(1), math.Inf(1), 1000, LimitNone, 1000, 1000},
	} {
		s := Search{SLO: slo, From: 100, To: tt.to, Tolerance: 0.05, Cool: time.Nanosecond, Hold: 5 * time.Second}
		f, err := s.search(context.Background(), tryUpTo(tt.target, tt.generator))
		if err != nil {
			t.Fatal(err)
		}
		if f.LimitedBy != tt.limit || f.Rate < tt.low || f.Rate > tt.high || f.Why == "" {
			t.Errorf("%s: %v/s limited by %s (%s), want %v to %v by %s",
				tt.name, f.Rate, f.LimitedBy, f.Why, tt.low, tt.high, tt.limit)
		}
	}
}

func TestSearchForgivesOneHiccup(t *testing.T) {
	slo, _ := ParseSLO("max<20ms")
	n := 0
	good, bad := tryUpTo(1000, math.Inf(1)), tryUpTo(0, math.Inf(1))
	s := Search{SLO: slo, From: 100, To: MaxRate, Tolerance: 0.05, Cool: time.Nanosecond, Hold: 5 * time.Second}
	f, err := s.search(context.Background(), func(ctx context.Context, rate float64) (*Result, error) {
		if n++; n == 2 {
			return bad(ctx, rate)
		}
		return good(ctx, rate)
	})
	if err != nil || f.Rate < 950 {
		t.Errorf("%v/s, %v", f.Rate, err)
	}
}

func TestSearchInterruptedKeepsItsTrials(t *testing.T) {
	slo, _ := ParseSLO("mean<20ms")
	ctx, cancel := context.WithCancel(context.Background())
	s := Search{SLO: slo, From: 100, To: MaxRate, Tolerance: 0.05, Cool: time.Nanosecond,
		OnTrial: func(t Trial) {
			if t.Rate == 400 {
				cancel()
			}
		}}
	f, err := s.search(ctx, tryUpTo(1000, math.Inf(1)))
	if !errors.Is(err, context.Canceled) || len(f.Curve) != 3 || f.Rate != 400 {
		t.Errorf("%v after %d trials, %v/s", err, len(f.Curve), f.Rate)
	}
}

func TestParseSLO(t *testing.T) {
	for in, want := range map[string]string{
		"p99<20ms,errors<0.1%": "", "p99.9<1s": "", "max<2s, mean<1ms": "",
		"": "want a figure", "p99": "want a figure", "p99<20": "want a figure", "p101<1s": "want a figure",
		"errors<0.1": "want a figure", "errors<0%": "want a figure", "speed<1s": "want a figure", "max<-1s": "want a figure",
	} {
		if _, err := ParseSLO(in); (err == nil) != (want == "") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestSLOChecksTheWorstOutcome(t *testing.T) {
	r := &Result{Record: Record{Counts: Counts{
		Scheduled: 1000,
		Sent:      999,
		OK:        998,
		Failed:    1,
		Dropped:   1,
	}}, LatencyOK: newHistogram()}
	for range 98 {
		record(r.LatencyOK, int64(time.Millisecond))
	}
	record(r.LatencyOK, int64(time.Second))
	record(r.LatencyOK, int64(time.Second))
	for in, want := range map[string]bool{
		"p50<2ms": true, "p98<2ms": true, "p99<2ms": false, "max<2s": false /* two never succeeded */, "max<1s": false,
		"mean<22ms": true, "mean<20ms": false, "errors<0.3%": true, "errors<0.2%": false, "p50<2ms,max<1s": false,
	} {
		slo, err := ParseSLO(in)
		if err != nil {
			t.Fatal(err)
		}
		if kept, why := slo.Check(r); kept != want {
			t.Errorf("%s: kept %v (%s)", in, kept, why)
		}
	}
}

// TestSearchSeesAQueueThatDrains: a rate above what the target can do, in a
// trial so short that the queue breaks no limit before it has drained; and a
// straggler, which is no queue.
func TestSearchSeesAQueueThatDrains(t *testing.T) {
	s := Search{Tolerance: 0.05, Hold: 2 * time.Second}
	for _, tt := range []struct {
		name    string
		rate    float64
		service time.Duration
		backlog int64
		behind  bool
	}{
		{"209/s at a target of 180/s", 209, 6 * time.Millisecond, 58, true},
		{"91.7/s at 16 connections of 200 ms", 91.7, 200 * time.Millisecond, 39, true},
		{"slow, but steady", 50, 200 * time.Millisecond, 10, false},
		{"one straggler", 300, time.Millisecond, 1, false},
		{"one straggler at a low rate", 10, time.Millisecond, 1, false},
	} {
		scheduled := int64(tt.rate * s.Hold.Seconds())
		r := &Result{
			Record:  Record{Counts: Counts{Scheduled: scheduled}, EndedInTime: scheduled - tt.backlog},
			Service: newHistogram(),
		}
		record(r.Service, int64(tt.service))
		if got := s.behind(r, tt.rate); (got > 0) != tt.behind {
			t.Errorf("%s: behind by %d, want any: %v", tt.name, got, tt.behind)
		}
	}
}

// TestRefusalIsNotQuick: latency limits are about requests that succeed.
func TestRefusalIsNotQuick(t *testing.T) {
	slo, err := ParseSLO("p99<20ms")
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{
		Record:    Record{Counts: Counts{Scheduled: 100, Sent: 100, Failed: 100}},
		Latency:   newHistogram(),
		LatencyOK: newHistogram(),
	}
	record(r.Latency, int64(time.Millisecond))
	if kept, _ := slo.Check(r); kept {
		t.Error("a target that refuses everything keeps p99<20ms")
	}
	r.OK, r.Failed = 98, 2
	record(r.LatencyOK, int64(time.Millisecond))
	if kept, why := slo.Check(r); kept || !strings.Contains(why, "98 % succeeded") {
		t.Errorf("kept %v (%s) with 2 %% failed", kept, why)
	}
	r.OK, r.Failed = 100, 0
	if kept, why := slo.Check(r); !kept {
		t.Errorf("not kept: %s", why)
	}
}
