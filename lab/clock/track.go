package clock

import (
	"math"
	"slices"
)

// Reading is one look at a clock by another: all in nanoseconds.
type Reading struct {
	At    int64 // on the looking clock
	Ahead int64 // of the clock that was looked at
	Bound int64 // how far that may be off, either way
}

// Against is what a clock is ahead of another, where both were looked at by a third at nearly
// the same time. What that one's own rate is does not matter.
func (r Reading) Against(other Reading) Reading {
	return Reading{At: (r.At + other.At) / 2, Ahead: r.Ahead - other.Ahead, Bound: r.Bound + other.Bound}
}

// Track follows a clock through readings of it. Its zero value has none.
//
// The clock is put back by what it was ahead at first, and by something else only where a
// later reading proves that wrong, and then as little as that one allows: readings made under
// load are far worse than the first, and would make good moments bad. How far off that
// was all in all is known at the end (Estimate).
type Track struct {
	readings []Reading
	steps    []Reading // what was put back, from when on
}

// Add takes a reading, and says what to put the clock back by from now on.
func (t *Track) Add(r Reading) (ahead int64) {
	ahead = r.Ahead
	if n := len(t.steps); n > 0 {
		ahead = min(max(t.steps[n-1].Ahead, r.Ahead-r.Bound), r.Ahead+r.Bound)
	}
	t.readings = append(t.readings, r)
	if n := len(t.steps); n == 0 || t.steps[n-1].Ahead != ahead {
		t.steps = append(t.steps, Reading{At: r.At, Ahead: ahead})
	}
	return ahead
}

// Estimate is what a Track came to.
type Estimate struct {
	Ahead    int64   // nanoseconds, at the first reading
	Drift    float64 // what it gained, of 1; 0 where there is one reading
	DriftOff float64 // how far that may be off
	Bound    int64   // nanoseconds: how far a moment may be off that was put back as Add said
	Readings int
}

// Estimate draws a line from the first reading to the last, which are the careful ones.
//
// A clock that keeps its rate is no further from that line, anywhere between, than the ends
// are. One that does not is found out by the readings between: each is a fact, within its own
// bound. To that comes what was put back otherwise than by the line.
func (t *Track) Estimate() Estimate {
	if len(t.readings) == 0 {
		return Estimate{}
	}
	first, last := t.readings[0], t.readings[len(t.readings)-1]
	e := Estimate{Ahead: first.Ahead, Bound: max(first.Bound, last.Bound), Readings: len(t.readings)}
	if took := float64(last.At - first.At); took > 0 {
		e.Drift = float64(last.Ahead-first.Ahead) / took
		e.DriftOff = float64(first.Bound+last.Bound) / took
	}
	line := func(at int64) int64 { return first.Ahead + int64(math.Round(e.Drift*float64(at-first.At))) }
	ends := e.Bound
	for _, r := range t.readings {
		if off := distance(r.Ahead, line(r.At)); off > r.Bound+ends {
			e.Bound = max(e.Bound, off+r.Bound)
		}
	}
	var otherwise int64
	for i, s := range t.steps {
		until := last.At
		if i+1 < len(t.steps) {
			until = t.steps[i+1].At
		}
		otherwise = slices.Max([]int64{otherwise, distance(s.Ahead, line(s.At)), distance(s.Ahead, line(until))})
	}
	e.Bound += otherwise
	return e
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
