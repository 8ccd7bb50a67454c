package chart

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/lab99/lab99/results"
)

// TestBinsKeepTheTotal feeds a sampler that drifts: what was counted must come
// out again, in no bin negative.
func TestBinsKeepTheTotal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := bins{width: []float64{0.1, 0.2, 1}[rng.IntN(3)]}
		at, total := 0.0, 0.0
		for range 50 {
			n, step := float64(rng.IntN(100)), 0.05+0.2*rng.Float64()
			b.add(at, at+step, n)
			at, total = at+step, total+n
		}
		sum := 0.0
		for _, v := range b.sum {
			if v < 0 {
				t.Fatalf("a bin of %g", v)
			}
			sum += v
		}
		if math.Abs(sum-total) > 1e-6 {
			t.Fatalf("%g came out, %g went in", sum, total)
		}
	}
}

func TestASteadyRateStaysSteadyUnderAJitteringSampler(t *testing.T) {
	b := bins{width: 0.1}
	for at, next := 0.0, 0.0; at < 5; at = next {
		next = at + 0.1
		if int(at*10)%2 == 0 {
			next += 0.003
		}
		b.add(at, next, 200*(next-at))
	}
	for _, p := range b.rates() {
		if math.Abs(p.Y-200) > 0.01 {
			t.Errorf("%g a second at %g s, want 200", p.Y, p.X)
		}
	}
}

// TestACutLastBinMakesNoStep: one request more in a part of a bin is no rate.
func TestACutLastBinMakesNoStep(t *testing.T) {
	for _, c := range []struct {
		last, n float64
		want    []float64
	}{
		{0.100, 20, []float64{200, 200, 200}},
		{0.085, 18, []float64{200, 205.4054, 205.4054}},
		{0.0002, 1, []float64{200, 200}},      // too little was seen of it
		{0.085, 0, []float64{200, 200, 0}},    // a real step stays where it is
		{0.085, 34, []float64{200, 200, 400}}, // and so does this
	} {
		b := bins{width: 0.1, one: 1}
		b.add(0, 0.1, 20)
		b.add(0.1, 0.2, 20)
		b.add(0.2, 0.2+c.last, c.n)
		var got []float64
		for _, p := range b.rates() {
			got = append(got, p.Y)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%g requests in the last %g s: %v, want %v", c.n, c.last, got, c.want)
		}
	}
}

// TestTheOfferedRateHasNoFencePost: a sample taken just after a request was due
// counts it, and yet the schedule was as even as it gets.
func TestTheOfferedRateHasNoFencePost(t *testing.T) {
	for _, rate := range []float64{100, 150, 200} {
		v := variant{results.View{Plan: results.VariantPlan{RatePerS: rate}}}
		counted := int64(0)
		for i := 1; i <= 20; i++ {
			at := float64(i)/10 + 4e-5
			n := min(int64(at*rate)+1, int64(2*rate)) - counted
			counted += n
			v.Data.Samples = append(v.Data.Samples, results.Sample{
				T:    at,
				Load: &results.Load{IntervalS: 0.1, Counts: results.Counts{Scheduled: n}},
			})
		}
		ps := v.offered(0.1).Points
		if len(ps) != 20 {
			t.Fatalf("%d bins, want 20", len(ps))
		}
		for _, p := range ps {
			if math.Abs(p.Y-rate) > 1e-3 {
				t.Errorf("%g a second at %g s, want %g", p.Y, p.X, rate)
			}
		}
	}
}

func TestWhatCameBeforeTheLoadIsInNoBin(t *testing.T) {
	b := bins{width: 1}
	b.add(-2, -1, 5)
	b.add(-1, 1, 10)
	if len(b.sum) != 1 || b.sum[0] != 5 {
		t.Errorf("bins %v, want [5]", b.sum)
	}
}

func TestBinsStayFineEnough(t *testing.T) {
	for span, want := range map[float64]float64{1: 0.1, 10: 0.1, 15: 0.1, 20: 0.2, 90: 1, 150: 1, 3600: 24} {
		if got := binWidth(span); got != want {
			t.Errorf("bins of %g s for %g s, want %g", got, span, want)
		}
	}
}

// TestNoLineAcrossAGap holds for every kind: what nobody saw is not drawn.
func TestNoLineAcrossAGap(t *testing.T) {
	id := func(v float64) vg.Length { return vg.Length(v) }
	pts := []Point{{0, 1}, {1, 2}, {2, 3}, {7, 4}, {8, 5}}
	for _, c := range []struct {
		kind Kind
		ends []float64 // where each stretch ends
	}{{Rate, []float64{3.5, 9.5}}, {Level, []float64{2, 8}}, {Line, []float64{2, 8}}} {
		s := Series{Kind: c.kind, Hold: 1.5, Points: pts}
		runs := s.runs(id, id)
		if len(runs) != len(c.ends) {
			t.Fatalf("%s: %d stretches, want %d", c.kind, len(runs), len(c.ends))
		}
		for i, run := range runs {
			if end := float64(run[len(run)-1].X); end != c.ends[i] {
				t.Errorf("%s: stretch %d ends at %g, want %g", c.kind, i, end, c.ends[i])
			}
		}
	}
}

// TestSamplesWithoutSocketsAreNotZeroSockets: a sample that read only cheap
// counters says nothing about ports.
func TestSamplesWithoutSocketsAreNotZeroSockets(t *testing.T) {
	v := variant{results.View{Data: results.VariantData{Samples: []results.Sample{
		{Host: results.HostProxy, T: 0.1, Net: &results.Net{Sockets: []results.Sockets{{State: "time-wait", N: 40}}}},
		{Host: results.HostProxy, T: 0.2, Net: &results.Net{TimeWait: 41}},
		{Host: results.HostBackend, T: 0.3, Net: &results.Net{Sockets: []results.Sockets{{State: "time-wait", N: 9}}}},
	}}}}
	if got := v.inUse(0.1).Points; len(got) != 1 || got[0] != (Point{0.1, 40}) {
		t.Errorf("points %v, want one, of 40 sockets", got)
	}
}

// TestAThinnedSeriesKeepsThePeak: thinning must not flatter.
func TestAThinnedSeriesKeepsThePeak(t *testing.T) {
	var v variant
	for i := range 100 {
		ms := 1.0
		if i == 57 {
			ms = 900
		}
		v.Data.Samples = append(v.Data.Samples, results.Sample{
			T:    float64(i) / 10,
			Load: &results.Load{P50ms: new(1.0), P99ms: new(ms), MaxMs: new(ms)},
		})
	}
	for _, s := range v.latencies(1)[1:3] {
		if top(s) != 900 || len(s.Points) != 10 {
			t.Errorf("%s: %d points up to %g, want 10 up to 900", s.Name, len(s.Points), top(s))
		}
	}
}

func TestALogScaleSurvivesZero(t *testing.T) {
	all := []Series{{Points: []Point{{0, 0}, {1, 3}}}}
	a := decades(all)
	if a.Min <= 0 || a.Min > all[0].Points[0].Y || a.Max < 3 {
		t.Errorf("axis %+v for %v", a, all[0].Points)
	}
	for _, c := range []struct{ lo, hi, min, max float64 }{{
		lo:  0.098,
		hi:  5.3,
		min: 0.05,
		max: 10,
	}, {
		lo:  0.2,
		hi:  0.4,
		min: 0.2,
		max: 2,
	}, {
		lo:  1,
		hi:  1000,
		min: 1,
		max: 1000,
	}, {
		lo:  0.6,
		hi:  5200,
		min: 0.5,
		max: 10000,
	}} {
		a := decades([]Series{{Points: []Point{{0, c.lo}, {1, c.hi}}}})
		if math.Abs(a.Min/c.min-1) > 1e-9 || math.Abs(a.Max/c.max-1) > 1e-9 {
			t.Errorf("%g to %g is drawn on %g to %g, want %g to %g", c.lo, c.hi, a.Min, a.Max, c.min, c.max)
		}
		if n := len((ticker{axis: a, about: 4}).Ticks(a.Min, a.Max)); n < 2 || n > 7 {
			t.Errorf("%g to %g has %d labels", a.Min, a.Max, n)
		}
	}
	if a := decades(nil); a.Min <= 0 || a.Max <= a.Min {
		t.Errorf("axis %+v for nothing", a)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.1: "0.1", 1500: "1.5k", 30000: "30k", 2.5e6: "2.5M"} {
		if got := si(v); got != want {
			t.Errorf("si(%g) = %q, want %q", v, got, want)
		}
	}
}
