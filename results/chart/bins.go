package chart

import "math"

// binWidth is the width of the plotted bins: 0.1 s, the interval of the
// samples, for runs short enough to show it, then as little more as keeps a
// line a line. Ten-second buckets would hide the very edge this is about.
func binWidth(span float64) float64 {
	for _, w := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10} {
		if span/w <= 150 {
			return w
		}
	}
	return span / 150
}

// bins turn increments over uneven intervals into rates over even ones. An
// increment is spread over the interval it was counted in, so that a sampler
// that drifts across the edge of a bin leaves no spikes.
type bins struct {
	width      float64
	one        float64 // what cannot be divided: a request, or a tick of the processor's clock
	sum, cover []float64
}

func (b *bins) add(from, to, n float64) {
	if from < 0 { // what came before the load's start belongs to no bin
		n *= to / (to - from)
		from = 0
	}
	if to <= from {
		return
	}
	for i := int(from / b.width); float64(i)*b.width < to-1e-9; i++ {
		for len(b.sum) <= i {
			b.sum, b.cover = append(b.sum, 0), append(b.cover, 0)
		}
		part := min(to, float64(i+1)*b.width) - max(from, float64(i)*b.width)
		b.sum[i] += n * part / (to - from)
		b.cover[i] += part
	}
}

// rates gives a point per bin that was observed for half its width or more. A
// last one that was cut short takes its rate together with its neighbour where
// they differ by the one that cannot be divided, such as a request in flight at
// its start: of a few hundredths of a second that is a step nobody asked for.
func (b *bins) rates() []Point {
	var ps []Point
	for i := range b.sum {
		if b.cover[i] >= b.width/2 {
			ps = append(ps, Point{round(float64(i) * b.width), round(b.sum[i] / b.cover[i])})
		}
	}
	n := len(b.sum) - 1
	if n < 1 || min(b.cover[n-1], b.cover[n]) < b.width/2 || b.cover[n] > 0.99*b.width {
		return ps
	}
	if more := b.sum[n] - b.sum[n-1]/b.cover[n-1]*b.cover[n]; math.Abs(more) < 1.2*b.one {
		both := round((b.sum[n-1] + b.sum[n]) / (b.cover[n-1] + b.cover[n]))
		ps[len(ps)-2].Y, ps[len(ps)-1].Y = both, both
	}
	return ps
}

// round cuts the noise of floating point off what is written to files.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// at is what was counted in a bin.
func (b *bins) at(i int) float64 {
	if i >= len(b.sum) {
		return 0
	}
	return b.sum[i]
}
