package loadgen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Poisson turns a profile into random arrivals with its rate, as independent
// clients make them: a unit Poisson process, its time bent by the profile
// (the inversion method for inhomogeneous processes). The same seed gives the
// same arrivals, however many loops send them.
func Poisson(p Profile, seed uint64) Profile { return &poisson{p, seed} }

type poisson struct {
	Profile
	seed uint64
}

func (p *poisson) Length() time.Duration {
	l, _ := length(p.Profile)
	return l
}

// arrivals are the moments of a unit Poisson process, in order.
type arrivals struct {
	rng rand.PCG
	at  float64
}

func newArrivals(seed uint64) *arrivals {
	a := &arrivals{}
	a.rng.Seed(seed, 0x9e3779b97f4a7c15)
	return a
}

// skip moves n arrivals on.
func (a *arrivals) skip(n int64) {
	for range n {
		u := float64(a.rng.Uint64()>>11) / (1 << 53) // in [0, 1)
		a.at -= math.Log1p(-u)
	}
}

func (p *poisson) String() string { return fmt.Sprintf("%v,poisson:%d", p.Profile, p.seed) }
