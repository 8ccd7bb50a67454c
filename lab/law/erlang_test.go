package law

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestErlangBAgainstTables: known values, and the ends.
func TestErlangBAgainstTables(t *testing.T) {
	for _, c := range []struct {
		servers int
		offered float64
		want    float64
	}{
		{1, 1, 0.5}, {2, 1, 0.2}, {5, 3, 0.11005}, {10, 5, 0.018385}, {20, 12.03, 0.01}, {100, 84.06, 0.01},
		{0, 3, 1}, {3, 0, 0},
	} {
		if got := ErlangB(c.servers, c.offered); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("B(%d, %g) = %g, want %g", c.servers, c.offered, got, c.want)
		}
	}
}

// TestErlangBRecursion holds the sum against the textbook's recursion,
// B(n) = a·B(n−1) / (n + a·B(n−1)).
func TestErlangBRecursion(t *testing.T) {
	for _, a := range []float64{0.1, 1, 30, 500, 900, 3000} {
		b := 1.0
		for n := 1; n <= 1000; n++ {
			b = a * b / (float64(n) + a*b)
			if got := ErlangB(n, a); math.Abs(got-b) > 1e-9*b+1e-290 {
				t.Fatalf("B(%d, %g) = %g, the recursion gives %g", n, a, got, b)
			}
		}
	}
}

func TestErlangLoadIsTheInverse(t *testing.T) {
	for _, k := range []int{1, 30, 500, 28232, 500_000} {
		for _, b := range []float64{1e-9, 1e-6, 0.01, 0.5, 0.99} {
			if got := ErlangB(k, ErlangLoad(k, b)); math.Abs(got-b) > 1e-6*b {
				t.Errorf("%d servers: B of the load for %g is %g", k, b, got)
			}
		}
	}
}

// departures are the moments at which tuples come free, the next one first.
type departures []float64

func (d departures) Len() int           { return len(d) }
func (d departures) Less(i, j int) bool { return d[i] < d[j] }
func (d departures) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *departures) Push(x any)        { *d = append(*d, x.(float64)) }
func (d *departures) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// blocked simulates a table request by request: Poisson arrivals, each of which
// holds a tuple for a time, or is lost. It returns the share lost of n arrivals,
// after as many as fill the table five times over.
func blocked(r *rand.Rand, tuples int, rate float64, hold func() float64, n int) float64 {
	var held departures
	now, lost := 0.0, 0
	for i := range n + 5*tuples {
		now += r.ExpFloat64() / rate
		for len(held) > 0 && held[0] <= now {
			heap.Pop(&held)
		}
		if len(held) < tuples {
			heap.Push(&held, now+hold())
		} else if i >= 5*tuples {
			lost++
		}
	}
	return float64(lost) / float64(n)
}

// TestErlangBAgainstSimulation compares the formula with tables that are
// simulated request by request, for four kinds of hold time with one mean. 20
// runs each give the mean and its standard error; the formula must lie within
// four of them, which of 16 honest comparisons one misses once in 1,000 years
// of daily tests.
func TestErlangBAgainstSimulation(t *testing.T) {
	const tuples, runs, arrivals = 60, 20, 20_000
	r := rand.New(rand.NewPCG(99, 1957))
	holds := map[string]func() float64{
		"61 s flat":           func() float64 { return 61 },
		"60 to 62 s":          func() float64 { return 60 + 2*r.Float64() },
		"half of them 122 s":  func() float64 { return 122 * float64(r.IntN(2)) }, // f = 0.5
		"exponential of 61 s": func() float64 { return 61 * r.ExpFloat64() },
	}
	for _, name := range []string{"61 s flat", "60 to 62 s", "half of them 122 s", "exponential of 61 s"} {
		for _, rho := range []float64{0.7, 0.9, 1, 1.5} {
			t.Run(fmt.Sprintf("%s, ρ=%g", name, rho), func(t *testing.T) {
				rate := rho * tuples / 61
				var sum, squares float64
				for range runs {
					b := blocked(r, tuples, rate, holds[name], arrivals)
					sum += b
					squares += b * b
				}
				mean := sum / runs
				stderr := math.Sqrt((squares/runs - mean*mean) / (runs - 1))
				want := Setup{Ports: tuples, RatePerS: rate, CloseShare: 1}.Complete().Blocking()
				if math.Abs(mean-want) > 4*stderr {
					t.Errorf("simulated %.5f ± %.5f, Erlang B says %.5f", mean, stderr, want)
				}
			})
		}
	}
}
