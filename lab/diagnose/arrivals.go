package diagnose

import (
	"math"
	"slices"
	"sort"
)

// Arrivals is how TIME_WAITs begin, as their ages tell.
type Arrivals struct {
	PerS     float64 // now
	PerSPerS float64 // how much more each second; 0 where the rate is even
	SeenForS float64 // the stretch up to now that has this rate and trend
	Events   int     // in that stretch
	WasPerS  float64 // where none begins any more: the rate until then
}

const (
	leastEvents = 5    // a rate of fewer is none
	bins        = 24   // of a stretch
	shorter     = 0.8  // what is tried next where a stretch does not have one trend
	leastBins   = 48   // events, two a bin: of fewer, no trend is told
	leastS      = 1.0  // of a stretch that is made shorter: in less, a busy host catches up
	significant = 4.0  // standard errors that a trend must differ from none: 1 in 500 random loads has one
	wandering   = 1.3  // how far the sum of residuals may go, in their deviation and √bins: 1 in 100 goes further
	stepBetter  = 0.75 // of the squares that a trend leaves: what a step must stay below to be the likelier
	lags        = 3    // bins over which a stall and what is made up for belong together
	shortestS   = 0.05 // of a stretch: what begins within it may be one burst
	pauses      = 0.6  // of a stretch, where connections come in bursts
)

// arrivalsOf reads the rate out of ages in seconds, none older than spanS, which is how
// far back nothing is missing: a TIME_WAIT's minute, or tcp_tw_reuse_delay where
// connect() takes older ones away.
//
// The rate of now is that of the longest stretch up to now with one straight trend. A
// stretch has one if the residuals of a straight line do not add up to more than noise
// does (a CUSUM test), and a step does not say more than the trend. A stretch begins and
// ends with an event, which makes the rate of even arrivals exact, however few there are.
func arrivalsOf(ages []float64, spanS float64) Arrivals {
	ages = slices.Clone(ages)
	slices.Sort(ages) // the youngest first
	if i, _ := slices.BinarySearch(ages, spanS); i < len(ages) {
		ages = ages[:i]
	}
	if len(ages) == 0 {
		return Arrivals{}
	}
	quiet := ages[0]
	oldest := ages[len(ages)-1]
	if len(ages) < leastEvents {
		return Arrivals{PerS: float64(len(ages)) / max(oldest, spanS), SeenForS: spanS, Events: len(ages)}
	}
	best := Arrivals{}
	for stretch := oldest; ; {
		// Those of one tick have the same age.
		n := sort.Search(len(ages), func(i int) bool { return ages[i] > stretch })
		if best.Events != 0 && (n < leastBins || stretch < leastS) {
			break // the one before is the shortest that is long enough
		}
		var since float64
		if best, since = fit(ages[:n]); since == 0 {
			break
		}
		stretch = min(since, shorter*stretch)
	}
	if ended(ages, quiet) {
		return Arrivals{SeenForS: quiet, WasPerS: best.PerS}
	}
	return best
}

// fit is the trend of one stretch, from the youngest age to the oldest. Where the stretch
// does not have one, next is how long a stretch to try after it; 0: it has one.
func fit(ages []float64) (a Arrivals, next float64) {
	first := ages[len(ages)-1]
	after := lastBurst(ages)
	last := ages[after-1] // the end of the stretch: what came after is not counted
	counted := ages[after:]
	long := first - last
	a = Arrivals{SeenForS: first, Events: len(ages)}
	if long < shortestS {
		a.PerS = float64(len(ages)) / max(first, shortestS)
		return a, 0
	}
	a.PerS = float64(len(counted)) / long
	if len(counted) < leastBins {
		return a, 0
	}
	var n [bins]float64
	for _, age := range counted {
		n[min(bins-1, int((first-age)/long*bins))]++
	}
	l := lineOf(n[:], dispersion(counted, first, last))
	if math.Abs(l.slope) > significant*l.spread {
		if at, squares := stepOf(n[:]); squares < stepBetter*l.squares {
			return a, first - float64(at)*long/bins
		}
		width := long / bins
		a.PerSPerS = l.slope / width / width
		end := l.mean + l.slope*bins/2 // at the end of the last bin
		a.PerS = max(0, end/width+a.PerSPerS*last)
	}
	if l.sum > wandering*l.noise*math.Sqrt(bins) {
		return a, shorter * first
	}
	return a, 0
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

// straight is a straight line through counts.
type straight struct {
	mean, slope float64 // slope per bin
	spread      float64 // standard error of the slope
	squares     float64 // of the residuals, added up
	sum         float64 // the largest sum of residuals from the beginning on
	noise       float64 // deviation of one bin
}

// dispersion is the variance of the counts of short times over their mean: 0 for paced
// arrivals, 1 for random ones. Neighbours are compared, so that a trend does not count.
// More than 1 is burstiness, which the bins of a stretch average out.
func dispersion(ages []float64, first, last float64) float64 {
	const events = 4 // in a short time: in fewer, paced ones differ as random ones do
	short := make([]float64, min(4*bins, len(ages)/events))
	for _, age := range ages {
		short[min(len(short)-1, int((first-age)/(first-last)*float64(len(short))))]++
	}
	squares := 0.0
	for i := 1; i < len(short); i++ {
		squares += (short[i] - short[i-1]) * (short[i] - short[i-1])
	}
	variance := squares / float64(2*(len(short)-1))
	return min(1, variance/(float64(len(ages))/float64(len(short))))
}

// lineOf fits a straight line. Its noise is the smaller of two measures: by how much
// neighbours differ (von Neumann), without the two largest steps, so that a step of the
// rate is no noise; and the long-run variance (Newey and West), in which a stall and what
// is made up for after it cancel out, as in paced loads they do. Of 24 counts both are
// small now and then, so it is never less than the dispersion of shorter times says.
func lineOf(n []float64, dispersion float64) (l straight) {
	middle := float64(len(n)-1) / 2
	over := 0.0
	for i, x := range n {
		d := float64(i) - middle
		l.mean += x / float64(len(n))
		l.slope += d * x
		over += d * d
	}
	l.slope /= over
	residuals := make([]float64, len(n))
	var steps []float64
	sum := 0.0
	for i, x := range n {
		r := x - l.mean - l.slope*(float64(i)-middle)
		residuals[i] = r
		l.squares += r * r
		sum += r
		l.sum = max(l.sum, math.Abs(sum))
		if i > 0 {
			steps = append(steps, (r-residuals[i-1])*(r-residuals[i-1]))
		}
	}
	slices.Sort(steps)
	steps = steps[:len(steps)-2]
	neighbours := 0.0
	for _, x := range steps {
		neighbours += x / float64(2*len(steps))
	}
	longRun := l.squares
	for lag := 1; lag <= lags; lag++ {
		for i := lag; i < len(n); i++ {
			longRun += 2 * (1 - float64(lag)/(lags+1)) * residuals[i] * residuals[i-lag]
		}
	}
	longRun /= float64(len(n) - 2)
	const least = 0.5 // counts of even arrivals differ by one
	l.noise = max(math.Sqrt(max(0, min(neighbours, longRun))), math.Sqrt(dispersion*l.mean), least)
	l.spread = l.noise / math.Sqrt(over)
	return l
}

// stepOf is the bin from which on the counts have another mean, where that leaves the
// least squares, and those squares.
func stepOf(n []float64) (at int, squares float64) {
	squares = math.Inf(1)
	for i := 2; i <= len(n)-2; i++ {
		if s := squaresOf(n[:i]) + squaresOf(n[i:]); s < squares {
			at, squares = i, s
		}
	}
	return at, squares
}

// squaresOf adds up the squares of what differs from the mean.
func squaresOf(n []float64) (squares float64) {
	mean := 0.0
	for _, x := range n {
		mean += x / float64(len(n))
	}
	for _, x := range n {
		squares += (x - mean) * (x - mean)
	}
	return squares
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
	return quiet > max(0.3, 1.5*second)
}
