package loadgen

import (
	"fmt"
	"math"
	"testing"
	"time"
)

var profiles = []Profile{
	Constant(3),
	Constant(25_000),
	Ramp(0, 1000, 10*time.Second),
	Ramp(100, 5000, 30*time.Second),
	Ramp(5000, 100, 30*time.Second),
	Ramp(1000, 0, 10*time.Second),
	Ramp(70, 70, 10*time.Second),
	Sine(1000, 1000, 10*time.Second),
	Sine(500, 100, 700*time.Millisecond),
	Sequence(Part{Constant(100), 5 * time.Second}, Part{Constant(0), 5 * time.Second},
		Part{Constant(300), 5 * time.Second}, Part{Constant(50), 5 * time.Second}),
	Sequence(Part{Ramp(100, 2000, 7*time.Second), 7 * time.Second}, Part{Sine(2000, 500, time.Second), 5 * time.Second},
		Part{Constant(10), 0}),
}

func TestCountIsTheIntegralOfRate(t *testing.T) {
	for _, p := range profiles {
		sum, step := 0.0, 500*time.Microsecond
		for at := time.Duration(0); at < 25*time.Second; at += step {
			if at%time.Second == 0 {
				if n := p.Count(at); math.Abs(n-sum) > 1e-6*sum+0.01 {
					t.Fatalf("%v: count at %v is %v, the integral %v", p, at, n, sum)
				}
			}
			sum += p.Rate(at+step/2) * step.Seconds()
		}
	}
}

func TestWhenIsTheInverseOfCount(t *testing.T) {
	for _, p := range profiles {
		last := int64(-1)
		for n := range 20_000 {
			at := p.When(float64(n))
			if at == Never {
				if total := p.Count(time.Hour); float64(n) < total-1e-6 {
					t.Fatalf("%v: request %d of %v never comes", p, n, total)
				}
				break
			}
			if at < last {
				t.Fatalf("%v: request %d is due before its predecessor", p, n)
			}
			last = at
			// Half a nanosecond of rounding, times the rate.
			if got := p.Count(time.Duration(at)); math.Abs(got-float64(n)) > 1e-4 {
				t.Fatalf("%v: count at the moment of request %d is %v", p, n, got)
			}
		}
	}
}

// The n-th request of a round rate is due on a round moment, so that a schedule
// of D seconds has exactly rate·D requests.
func TestConstantHasExactlyRateTimesDuration(t *testing.T) {
	for _, rate := range []float64{1, 3, 7, 200, 1000, 3333, 25_000} {
		for _, d := range []time.Duration{time.Second, 10 * time.Second, time.Hour} {
			want := rate * d.Seconds()
			p := Constant(rate)
			if before, after := p.When(want-1), p.When(want); before >= int64(d) || after < int64(d) {
				t.Errorf("%v/s for %v: request %v is due at %v, the next at %v", rate, d, want-1, before, after)
			}
		}
	}
}

func TestWhenAllocatesNothing(t *testing.T) {
	for _, p := range append(profiles, Poisson(Constant(10), 1)) {
		c := newCursor(p, 0, 1, 0)
		if n := testing.AllocsPerRun(1000, c.advance); n != 0 {
			t.Errorf("%v: %v allocations", p, n)
		}
	}
}

func TestPoissonHasTheGapsOfIndependentArrivals(t *testing.T) {
	const n = 100_000
	c := newCursor(Poisson(Constant(1000), 42), 0, 1, 0)
	var last int64
	var sum, squares float64
	for range n {
		gap := float64(c.due - last)
		last = c.due
		sum += gap
		squares += gap * gap
		c.advance()
	}
	mean := sum / n
	cv := math.Sqrt(squares/n-mean*mean) / mean
	// Standard errors: 0.3 % of the mean, about 0.4 % of the coefficient.
	if math.Abs(mean/1e6-1) > 0.015 || math.Abs(cv-1) > 0.02 {
		t.Errorf("mean gap %.4f ms, coefficient of variation %.4f, want 1 and 1", mean/1e6, cv)
	}
}

func TestPoissonFollowsItsProfile(t *testing.T) {
	p := Ramp(0, 10_000, 10*time.Second)
	c := newCursor(Poisson(p, 7), 0, 1, 0)
	n := 0
	for second := 1; second <= 10; second++ {
		for c.due < int64(second)*1e9 {
			c.advance()
			n++
		}
		want := p.Count(time.Duration(second) * time.Second)
		if d := math.Abs(float64(n)-want) / math.Sqrt(want); d > 4 {
			t.Errorf("%d arrivals by %d s, want %.0f: %.1f standard deviations off", n, second, want, d)
		}
	}
}

func TestLoopsShareOneSchedule(t *testing.T) {
	for _, p := range []Profile{Constant(1000), Poisson(Ramp(10, 1000, time.Second), 3)} {
		one := newCursor(p, 0, 1, 5)
		three := []cursor{newCursor(p, 0, 3, 5), newCursor(p, 1, 3, 5), newCursor(p, 2, 3, 5)}
		for n := range 3000 {
			c := &three[n%3]
			if c.due != one.due {
				t.Fatalf("%v: request %d is due at %d on loop %d, at %d on one loop", p, n, c.due, n%3, one.due)
			}
			c.advance()
			one.advance()
		}
	}
}

func TestParseProfile(t *testing.T) {
	for _, tt := range []struct {
		in     string
		want   string // its String, or the error's beginning
		counts map[time.Duration]float64
	}{
		{"1000", "constant:1000", map[time.Duration]float64{2 * time.Second: 2000}},
		{"ramp:100..5000/30s,hold:10s", "ramp:100..5000/30s,constant:5000/10s",
			map[time.Duration]float64{30 * time.Second: 76_500, time.Hour: 126_500}},
		{"steps:100..300x3/10s", "constant:100/10s,constant:200/10s,constant:300/10s",
			map[time.Duration]float64{time.Hour: 6000}},
		{"sine:1000~500@60s/5m", "sine:1000~500@1m0s/5m0s", map[time.Duration]float64{time.Hour: 300_000}},
		{"constant:10/1s,20", "constant:10/1s,constant:20", map[time.Duration]float64{3 * time.Second: 50}},
		{
			"burst:20@1001ms",
			"burst:20@1.001s",
			map[time.Duration]float64{time.Nanosecond: 20, 1001 * time.Millisecond: 20, 2 * time.Second: 40},
		},
		{"burst:20@1001ms/10s,hold:1s", "burst:20@1.001s/10s,constant:19.980019980019982/1s",
			map[time.Duration]float64{10 * time.Second: 200}},
		{"1000,poisson:42", "constant:1000,poisson:42", nil},

		{"", `profile "": want requests per second, 0 to 2000000`, nil},
		{"fast", `profile "fast": want requests per second, 0 to 2000000`, nil},
		{"-1", `profile "-1": want requests per second, 0 to 2000000`, nil},
		{"1e9", `profile "1e9": want requests per second, 0 to 2000000`, nil},
		{"NaN", `profile "NaN": want requests per second, 0 to 2000000`, nil},
		{"ramp:1..2", `profile "ramp:1..2": want a time`, nil},
		{"ramp:1/2s", `profile "ramp:1/2s": want two rates`, nil},
		{"hold:1s", `profile "hold:1s": want hold:DURATION, after`, nil},
		{"10,20", `profile "10,20": "20" can never begin`, nil},
		{"sine:1~2@1s", `profile "sine:1~2@1s": want sine:`, nil},
		{"poisson:1,10", `profile "poisson:1,10": "poisson:1": want poisson:SEED, after`, nil},
		{"burst:20", `profile "burst:20": want burst:SIZE@EVERY`, nil},
		{"burst:0@1s", `profile "burst:0@1s": want burst:SIZE@EVERY`, nil},
		{"burst:3000@1ms", `profile "burst:3000@1ms": want burst:SIZE@EVERY`, nil},
		{"saw:1", `profile "saw:1": want one of`, nil},
	} {
		p, err := ParseProfile(tt.in)
		got := fmt.Sprint(p)
		if err != nil {
			got = err.Error()[:min(len(err.Error()), len(tt.want))]
		}
		if got != tt.want {
			t.Errorf("%q: got %s (%v), want %s", tt.in, got, err, tt.want)
		}
		for at, want := range tt.counts {
			if n := p.Count(at); math.Abs(n-want) > 1e-6*want {
				t.Errorf("%q: %v requests by %v, want %v", tt.in, n, at, want)
			}
		}
	}
}

func FuzzParseProfile(f *testing.F) {
	for _, s := range []string{
		"1000", "ramp:100..5000/30s,hold:10s", "steps:100..300x3/10s", "sine:1000~500@60s/5m",
		"burst:20@1001ms/10s,5", "1,poisson:2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseProfile(s)
		if err != nil {
			return
		}
		if again, err := ParseProfile(fmt.Sprint(p)); err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
			t.Fatalf("%q reads as %v, and that as %v (%v)", s, p, again, err)
		}
		last := int64(0)
		for n := range 50 {
			at := p.When(float64(n))
			if at < last {
				t.Fatalf("request %d is due at %d, its predecessor at %d", n, at, last)
			}
			last = at
		}
	})
}
