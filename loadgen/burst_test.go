package loadgen

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// bursts are drawn at random, with a seed: sizes and intervals of every kind.
func bursts() []bursting {
	rng := rand.New(rand.NewPCG(1, 99))
	all := []bursting{{20, 1001 * time.Millisecond}, {1, time.Nanosecond * 500}, {1000, 24 * time.Hour}}
	for range 50 {
		all = append(all, bursting{1 + rng.IntN(5000), time.Millisecond + time.Duration(rng.Int64N(int64(10*time.Second)))})
	}
	return all
}

// TestBurstCountsWhatIsDueBefore: the staircase and its inverse agree to the
// nanosecond, on both sides of every step.
func TestBurstCountsWhatIsDueBefore(t *testing.T) {
	for _, b := range bursts() {
		for k := range 200 {
			at := time.Duration(k) * b.every
			first, last := k*b.size, (k+1)*b.size-1
			if b.When(float64(first)) != int64(at) || b.When(float64(last)) != int64(at) {
				t.Fatalf("%v: burst %d is due at %d to %d, want all at %d",
					b, k, b.When(float64(first)), b.When(float64(last)), at)
			}
			if before, after := b.Count(at), b.Count(at+1); before != float64(first) || after != float64(last+1) {
				t.Fatalf("%v: %v due before %v and %v after, want %d and %d", b, before, at, after, first, last+1)
			}
			if mean := b.Rate(0) * at.Seconds(); math.Abs(b.Count(at)-mean) > float64(b.size)*(1+1e-9) {
				t.Fatalf("%v: %v due by %v, more than a burst off the mean %v", b, b.Count(at), at, mean)
			}
		}
	}
}

// TestBurstsAreWholeInASequence: neither a part before with a broken number of
// requests nor the end of the part tears a burst apart.
func TestBurstsAreWholeInASequence(t *testing.T) {
	p, err := ParseProfile("constant:3.3/1s,burst:20@300ms/1s,burst:7@1s/2s")
	if err != nil {
		t.Fatal(err)
	}
	due := map[time.Duration]int{}
	for n := 0; ; n++ {
		at := p.When(float64(n))
		if at == Never {
			break
		}
		due[time.Duration(at)]++
	}
	for at, want := range map[time.Duration]int{
		1000 * time.Millisecond: 20, 1300 * time.Millisecond: 20, 1600 * time.Millisecond: 20, 1900 * time.Millisecond: 20,
		2000 * time.Millisecond: 7, 3000 * time.Millisecond: 7,
	} {
		if due[at] != want {
			t.Errorf("%d requests at %v, want %d; all: %v", due[at], at, want, due)
		}
	}
}

func TestLoopsShareABurst(t *testing.T) {
	p := Burst(20, 1001*time.Millisecond)
	loops := []cursor{newCursor(p, 0, 3, 0), newCursor(p, 1, 3, 0), newCursor(p, 2, 3, 0)}
	for n := range 100 {
		c := &loops[n%3]
		if want := int64(n/20) * 1001e6; c.due != want {
			t.Fatalf("request %d is due at %d, want %d", n, c.due, want)
		}
		c.advance()
	}
	if n := testing.AllocsPerRun(100, loops[0].advance); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
