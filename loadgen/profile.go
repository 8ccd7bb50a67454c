package loadgen

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Profile is a rate over time, as a pure function: the n-th request (from 0)
// is due the moment the integral of the rate reaches n.
type Profile interface {
	// Rate is the rate at t, in requests per second.
	Rate(t time.Duration) float64
	// Count is the integral of Rate from 0 to t.
	Count(t time.Duration) float64
	// When is the inverse of Count (the last moment at which Count is not above
	// n, where it jumps), in nanoseconds, or [Never] for an n that Count does not
	// reach. The hot path calls it; it must not allocate.
	When(n float64) int64
}

// Never is what When returns beyond the end of a profile.
const Never = math.MaxInt64

// length is the moment after which a profile schedules nothing, if there is
// one. A Profile tells by a method Length.
func length(p Profile) (time.Duration, bool) {
	if f, ok := p.(interface{ Length() time.Duration }); ok {
		l := f.Length()
		return l, l > 0
	}
	return 0, false
}

// Steady is for how long a profile keeps to the mean rate it begins with: a ramp
// for no time, and one that never changes for longer than any run.
func Steady(p Profile) time.Duration {
	switch p := p.(type) {
	case constant, bursting:
		return MaxDuration
	case *poisson:
		return Steady(p.Profile)
	case *sequence:
		if len(p.parts) == 0 {
			return 0
		}
		first := Steady(p.parts[0].Profile)
		if len(p.parts) > 1 {
			first = min(first, p.parts[0].For)
		}
		return first
	}
	return 0
}

// Constant is the same rate for ever. The n-th request is due at n/rate, a
// multiplication: no error accumulates.
func Constant(perSecond float64) Profile { return constant(perSecond) }

type constant float64

func (c constant) Rate(time.Duration) float64    { return float64(c) }
func (c constant) Count(t time.Duration) float64 { return float64(c) * float64(t) / 1e9 }
func (c constant) When(n float64) int64          { return toNs(n * 1e9 / float64(c)) }
func (c constant) String() string                { return fmt.Sprintf("constant:%v", float64(c)) }

// toNs rounds to whole nanoseconds; beyond a century, or not a number, is Never.
func toNs(ns float64) int64 {
	if !(ns < 3e18) {
		return Never
	}
	return int64(math.Round(ns))
}

// Ramp changes the rate linearly over a time and holds the last rate after it.
func Ramp(from, to float64, over time.Duration) Profile {
	return ramp{from, to, over}
}

type ramp struct {
	from, to float64
	over     time.Duration
}

func (r ramp) slope() float64 { return (r.to - r.from) / r.over.Seconds() }

func (r ramp) Rate(t time.Duration) float64 {
	if t >= r.over {
		return r.to
	}
	return r.from + r.slope()*t.Seconds()
}

func (r ramp) Count(t time.Duration) float64 {
	s := min(t, r.over).Seconds()
	n := s * (r.from + r.slope()*s/2)
	if t > r.over {
		n += r.to * (t - r.over).Seconds()
	}
	return n
}

func (r ramp) When(n float64) int64 {
	if whole := r.Count(r.over); n >= whole {
		if n == whole { // of a ramp down to 0 too
			return int64(r.over)
		}
		return toNs(float64(r.over) + (n-whole)*1e9/r.to)
	}
	// The root of slope/2·t² + from·t = n, in the form that does not cancel.
	root := math.Sqrt(max(0, r.from*r.from+2*r.slope()*n))
	if n == 0 {
		return 0
	}
	return toNs(2 * n / (r.from + root) * 1e9)
}

func (r ramp) String() string { return fmt.Sprintf("ramp:%v..%v/%v", r.from, r.to, r.over) }

// Sine swings around a mean: mean + amplitude·sin(2πt/period). An amplitude
// above the mean would ask for negative rates; Run refuses it.
func Sine(mean, amplitude float64, period time.Duration) Profile {
	return sine{mean, amplitude, period}
}

type sine struct {
	mean, amplitude float64
	period          time.Duration
}

func (s sine) angle(t float64) float64 { return 2 * math.Pi * t / s.period.Seconds() }

func (s sine) Rate(t time.Duration) float64 {
	return s.mean + s.amplitude*math.Sin(s.angle(t.Seconds()))
}

func (s sine) Count(t time.Duration) float64 { return s.count(t.Seconds()) }

func (s sine) count(t float64) float64 {
	return s.mean*t + s.amplitude*s.period.Seconds()/(2*math.Pi)*(1-math.Cos(s.angle(t)))
}

// When has no closed form. Count never falls, so whole periods are taken off
// and Newton's method, kept within a shrinking bracket, does the rest.
func (s sine) When(n float64) int64 {
	period := s.period.Seconds()
	periods := math.Floor(n / (s.mean * period))
	rest := n - periods*s.mean*period
	low, high := 0.0, period
	t := rest / s.mean
	for range 60 {
		d := s.count(t) - rest
		if d > 0 {
			high = t
		} else {
			low = t
		}
		next := t - d/(s.mean+s.amplitude*math.Sin(s.angle(t)))
		if !(next >= low && next <= high) {
			next = (low + high) / 2
		}
		if math.Abs(next-t) < 1e-10 {
			t = next
			break
		}
		t = next
	}
	return toNs((periods*period + t) * 1e9)
}

func (s sine) String() string {
	return fmt.Sprintf("sine:%v~%v@%v", s.mean, s.amplitude, s.period)
}

// Part is a profile for a time.
type Part struct {
	Profile
	For time.Duration // 0, of the last part: for ever
}

// Sequence plays profiles one after the other, each from its own t = 0. It
// ends with the last part.
func Sequence(parts ...Part) Profile {
	s := &sequence{}
	var at time.Duration
	var n float64
	for _, p := range parts {
		s.parts = append(s.parts, placed{p, at, n})
		at += p.For
		n += p.Count(p.For)
	}
	s.length = at
	if k := len(parts); k > 0 && parts[k-1].For == 0 {
		s.length = 0
	}
	return s
}

type sequence struct {
	parts  []placed
	length time.Duration // 0: endless
}

type placed struct {
	Part
	from  time.Duration
	count float64 // due before it
}

func (s *sequence) Length() time.Duration { return s.length }

func (s *sequence) at(t time.Duration) *placed {
	for i := range s.parts {
		if p := &s.parts[i]; p.For == 0 || t < p.from+p.For {
			return p
		}
	}
	return nil
}

func (s *sequence) Rate(t time.Duration) float64 {
	if p := s.at(t); p != nil {
		return p.Rate(t - p.from)
	}
	return 0
}

func (s *sequence) Count(t time.Duration) float64 {
	if p := s.at(t); p != nil {
		return p.count + p.Count(t-p.from)
	}
	if len(s.parts) == 0 {
		return 0
	}
	p := &s.parts[len(s.parts)-1]
	return p.count + p.Count(p.For)
}

func (s *sequence) When(n float64) int64 {
	for i := range s.parts {
		p := &s.parts[i]
		last := i == len(s.parts)-1
		if !last && n >= s.parts[i+1].count {
			continue
		}
		t := p.When(n - p.count)
		if t == Never || last && p.For > 0 && t >= int64(p.For) {
			return Never
		}
		return int64(p.from) + t
	}
	return Never
}

func (s *sequence) String() string {
	var b strings.Builder
	for i, p := range s.parts {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, p.Profile)
		if _, own := p.Profile.(ramp); p.For > 0 && !own {
			fmt.Fprintf(&b, "/%v", p.For)
		}
	}
	return b.String()
}
