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
	significant = 4.0  // standard errors that a trend must differ from none
	wandering   = 1.3  // how far the sum of residuals may go, in their deviation and √bins
	oneBurstS   = .005 // what begins within this is one burst: timers count in ticks of up to 10 ms
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
		a, fits := fit(ages[:n])
		if best.Events == 0 || n >= leastBins {
			best = a
		}
		if fits || n < leastBins {
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
	first, last := ages[len(ages)-1], ages[0]
	// The last burst is the end of the stretch, not a part of it.
	after, _ := slices.BinarySearch(ages, last+oneBurstS)
	if after < len(ages) {
		last = ages[after-1]
	}
	counted := ages[after:]
	long := first - last
	a = Arrivals{SeenForS: first, Events: len(ages)}
	if long <= 0 || len(counted) == 0 { // one burst is all there is
		a.PerS = float64(len(ages)) / max(first, oneBurstS)
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
	mean, slope, sum, noise := line(n[:])
	// Both need a trend: to tell one, and to tell that one is not all.
	if spread := noise / math.Sqrt(bins*(bins*bins-1)/12); math.Abs(slope) > significant*spread {
		width := long / bins
		a.PerSPerS = slope / width / width
		end := mean + slope*bins/2 // at the end of the last bin
		a.PerS = max(0, end/width+a.PerSPerS*last)
	}
	return a, sum <= wandering*noise*math.Sqrt(bins)
}

// line is the straight line through counts: its mean and slope per bin, the largest sum
// of residuals, and the deviation of one bin, from those of neighbours.
func line(n []float64) (mean, slope, sum, noise float64) {
	middle := float64(len(n)-1) / 2
	over := 0.0
	for i, x := range n {
		mean += x / float64(len(n))
		slope += (float64(i) - middle) * x
		over += (float64(i) - middle) * (float64(i) - middle)
	}
	slope /= over
	residual, before := 0.0, 0.0
	var steps []float64
	for i, x := range n {
		r := x - mean - slope*(float64(i)-middle)
		if residual += r; math.Abs(residual) > sum {
			sum = math.Abs(residual)
		}
		if i > 0 {
			steps = append(steps, (r-before)*(r-before))
		}
		before = r
	}
	slices.Sort(steps)
	steps = steps[:len(steps)-2] // a step of the rate is no noise
	total := 0.0
	for _, x := range steps {
		total += x
	}
	noise = math.Sqrt(total / float64(2*len(steps)))
	return mean, slope, sum, max(noise, 0.5) // counts of even arrivals differ by one
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
