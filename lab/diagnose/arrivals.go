package diagnose

import (
	"math"
	"slices"
)

// Arrivals is how TIME_WAITs begin, as their ages tell.
type Arrivals struct {
	PerS      float64 // now
	PerSPerS  float64 // how much more each second; 0 where the rate is even
	SeenForS  float64 // the stretch up to now that has this rate and trend
	Events    int     // in that stretch
	QuietForS float64 // since the last one
}

const (
	leastEvents = 5    // a rate of fewer is none
	bins        = 24   // of a stretch
	shorter     = 0.8  // what is tried next where a stretch does not have one trend
	leastBins   = 48   // events, two a bin: of fewer, no trend is told
	leastS      = 1.0  // of a stretch that is made shorter: in less, a busy host catches up
	significant = 3.2  // standard errors that a trend must differ from none: 1 in 200 random loads has one
	wandering   = 1.4  // how far the sum of residuals may go, in their deviation and √bins: 1 in 100 goes further
	shortestS   = 0.05 // of a stretch: what begins within it may be one burst
	pauses      = 0.6  // of a stretch, where connections come in bursts
)

// arrivalsOf reads the rate out of ages in seconds, none older than spanS, which is how
// far back nothing is missing: a TIME_WAIT's minute, or tcp_tw_reuse_delay where
// connect() takes older ones away.
//
// The rate of now is that of the longest stretch up to now with one straight trend. A
// stretch has one if the residuals of a straight line do not add up to more than noise
// does (a CUSUM test; the noise is that of neighbouring bins, so that a step is no part of
// it). A stretch begins and ends with an event, which makes the rate of even arrivals
// exact, however few there are.
func arrivalsOf(ages []float64, spanS float64) Arrivals {
	ages = slices.Sorted(slices.Values(ages)) // the youngest first
	if i, _ := slices.BinarySearch(ages, spanS); i < len(ages) {
		ages = ages[:i]
	}
	if len(ages) == 0 {
		return Arrivals{}
	}
	quiet := ages[0]
	oldest := ages[len(ages)-1]
	if len(ages) < leastEvents {
		return Arrivals{PerS: float64(len(ages)) / max(oldest, spanS), SeenForS: spanS, Events: len(ages), QuietForS: quiet}
	}
	best := Arrivals{}
	for stretch := oldest; ; stretch *= shorter {
		n, _ := slices.BinarySearch(ages, stretch)
		n = min(n+1, len(ages))
		if best.Events != 0 && (n < leastBins || stretch < leastS) {
			break // the shortest that is long enough
		}
		var fits bool
		if best, fits = fit(ages[:n]); fits {
			break
		}
	}
	best.QuietForS = quiet
	if ended(ages, quiet) {
		return Arrivals{QuietForS: quiet, SeenForS: quiet}
	}
	return best
}

// fit is the trend of one stretch, from the youngest age to the oldest.
func fit(ages []float64) (a Arrivals, fits bool) {
	first := ages[len(ages)-1]
	after := lastBurst(ages)
	last := ages[after-1] // the end of the stretch: what came after is not counted
	counted := ages[after:]
	long := first - last
	a = Arrivals{SeenForS: first, Events: len(ages)}
	if long < shortestS {
		a.PerS = float64(len(ages)) / max(first, shortestS)
		return a, true
	}
	a.PerS = float64(len(counted)) / long
	if len(counted) < leastBins {
		return a, true
	}
	var n [bins]float64
	for _, age := range counted {
		n[min(bins-1, int((first-age)/long*bins))]++
	}
	mean, slope, sum, spread, noise := line(n[:])
	if math.Abs(slope) > significant*spread {
		width := long / bins
		a.PerSPerS = slope / width / width
		end := mean + slope*bins/2 // at the end of the last bin
		a.PerS = max(0, end/width+a.PerSPerS*last)
	}
	return a, sum <= wandering*noise*math.Sqrt(bins)
}

// lastBurst is how many of the youngest belong to the last burst, one at the least. A
// stretch from the start of one burst to that of another has the rate; up to now it would
// have one burst too many. Connections come in bursts where pauses nearly as long as the
// longest take up most of the time. Those of even arrivals do too, with a burst of one, and
// with one for each tick of the kernel's timers where there are several in it; random ones
// do not.
func lastBurst(ages []float64) int {
	longest, paused, before, at := 0.0, 0.0, 0, 0
	for i := 1; i < len(ages); i++ {
		longest = max(longest, ages[i]-ages[i-1])
	}
	for i := 1; i < len(ages); i++ {
		if gap := ages[i] - ages[i-1]; gap >= longest/2 {
			paused += gap
			before++
			if at == 0 {
				at = i
			}
		}
	}
	if paused < pauses*(ages[len(ages)-1]-ages[0]) || float64(at) > 2*float64(len(ages)-at)/float64(before) {
		return 1 // a last burst that is much larger than the others is another rate
	}
	return max(at, 1)
}

// line is the straight line through counts: its mean and slope per bin, the standard error
// of the slope, the largest sum of residuals, and the deviation of one bin by how much
// neighbours differ.
func line(n []float64) (mean, slope, sum, spread, noise float64) {
	middle := float64(len(n)-1) / 2
	over := 0.0
	for i, x := range n {
		mean += x / float64(len(n))
		slope += (float64(i) - middle) * x
		over += (float64(i) - middle) * (float64(i) - middle)
	}
	slope /= over
	residual, before, squares := 0.0, 0.0, 0.0
	var steps []float64
	for i, x := range n {
		r := x - mean - slope*(float64(i)-middle)
		if residual += r; math.Abs(residual) > sum {
			sum = math.Abs(residual)
		}
		if i > 0 {
			steps = append(steps, (r-before)*(r-before))
		}
		before, squares = r, squares+r*r
	}
	slices.Sort(steps)
	steps = steps[:len(steps)-2] // a step of the rate is no noise
	total := 0.0
	for _, x := range steps {
		total += x
	}
	noise = math.Sqrt(total / float64(2*len(steps)))
	const least = 0.5 // counts of even arrivals differ by one
	spread = max(math.Sqrt(squares/float64(len(n)-2)), least) / math.Sqrt(over)
	return mean, slope, sum, spread, max(noise, least)
}

// ended says whether the load has stopped: nothing has begun for much longer than
// between two of the last events. The longest gap is left out: there may have been a
// pause before the load.
func ended(ages []float64, quiet float64) bool {
	const last = 200 // several bursts, if there are any
	longest, second := 0.0, 0.0
	for i := 1; i < min(len(ages), last); i++ {
		switch gap := ages[i] - ages[i-1]; {
		case gap > longest:
			longest, second = gap, longest
		case gap > second:
			second = gap
		}
	}
	return quiet > max(0.5, 3*second)
}
