package loadgen

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the highest value the histograms tell apart, in nanoseconds.
const longest = int64(time.Hour)

// newHistogram makes one of the single layout of this package. 1 ns to an
// hour at three digits is 270 KiB, of which only the pages hit become resident.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, 3) }

// record counts a duration in nanoseconds. Out of range cannot be lost: it
// counts as the nearest value in range.
func record(h *hdrhistogram.Histogram, ns int64) {
	_ = h.RecordValue(min(max(ns, 0), longest))
}

func quantile(h *hdrhistogram.Histogram, percent float64) time.Duration {
	return time.Duration(h.ValueAtPercentile(percent))
}

// minus is what is in all and not in part of it, by buckets: both are of the one
// layout, so nothing is lost.
func minus(all, part *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	left := all.Export()
	for i, n := range part.Export().Counts {
		left.Counts[i] -= n
	}
	return hdrhistogram.Import(left)
}
